"""Memory is bounded by the chunk, not by the run: chunks are written as they come, and few wait."""

import threading
import time

import pytest

from simulator import runs
from simulator.engines.inline import Inline
from simulator.engines.worker import MAX_WAITING
from simulator.execution import plan as sweep
from simulator.execution.compute import Computed
from simulator.scenario.load import load
from simulator.storage.chunks import RunFolder
from tests.fresh import python
from tests.small import tables as small

PEAK = """
import resource
from simulator import runs
from simulator.execution import plan as sweep
from simulator.scenario.load import load
sweep.CHUNK_BYTES = 2**17  # of small chunks there are many
training = {{"num_rollouts": {rollouts}, "group_size": 8, "epochs": 2, "seeds": 8}}
scenario = load({tables!r} | {{"training": training}})
runs.write_run(scenario, __import__("pathlib").Path({out!r}))
print(sweep.make_plan(scenario).num_chunks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(rollouts, out):
    """How many chunks a run has, and the most memory that its process took, in kB."""
    tables = small(record={"probes": ["ratio", "clip"], "ratios": {"every": 10}})
    chunks, kilobytes = python(PEAK.format(rollouts=rollouts, tables=tables, out=str(out))).split()
    return int(chunks), int(kilobytes)


@pytest.mark.faults
def test_memory_does_not_grow_with_the_number_of_rollouts(tmp_path):
    few, little = peak(2_000, tmp_path / "few")
    many, much = peak(20_000, tmp_path / "many")
    assert many > 9 * few > 90
    assert much < 1.15 * little


@pytest.mark.long
def test_few_chunks_wait_for_a_slow_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "CHUNK_SECONDS", (1e-9, 1e-9))
    alive, most, lock, write = set(), [], threading.Lock(), RunFolder.write
    made = Computed.__init__

    def count(self, *args, **kwargs):
        made(self, *args, **kwargs)
        with lock:
            alive.add((self.job.number, self.index))
            most.append(len(alive))

    def slowly(self, computed):
        time.sleep(0.05)
        write(self, computed)
        with lock:
            alive.discard((computed.job.number, computed.index))

    monkeypatch.setattr(Computed, "__init__", count)
    monkeypatch.setattr(RunFolder, "write", slowly)
    scenario = load(small(training={"num_rollouts": 12, "group_size": 4, "epochs": 2, "seeds": 3}))
    runs.write_run(scenario, tmp_path, engine=Inline())
    assert len(most) == sweep.make_plan(scenario).num_chunks > 10
    assert max(most) == MAX_WAITING + 1  # and the one that has just been computed
