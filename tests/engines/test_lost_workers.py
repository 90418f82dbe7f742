"""A worker process that is killed is replaced, and its job goes on; where that does not help, the run stops."""

import multiprocessing
import threading
import time
from dataclasses import replace

import pytest

from simulator import engine, runs
from simulator.engines.processes import MAX_LOSSES
from simulator.errors import Stopped
from simulator.execution import plan as sweep
from simulator.scenario.load import load
from simulator.storage.chunks import RunFolder
from tests.small import tables as small
from tests.stopping import names, tables

pytestmark = pytest.mark.faults


@pytest.fixture
def scenario(monkeypatch):
    monkeypatch.setattr(sweep, "CHUNK_SECONDS", (1e-9, 1e-9))
    training = {"num_rollouts": 40, "group_size": 4, "seeds": 3}
    return replace(load(small(training=training, record={"probes": ["ratio"]})), name="killed")


@pytest.mark.long
def test_a_lost_worker_is_replaced(scenario, tmp_path, monkeypatch):
    runs.write_run(scenario, tmp_path / "undisturbed")
    monkeypatch.setattr(runs, "POLL_SECONDS", 0.0)
    monkeypatch.setattr("simulator.engines.processes.HEARTBEAT", 0.02)
    lost = []

    def lose(done, total):
        if 0 < done < total and len(lost) < 2:
            lost.append(multiprocessing.active_children()[0])
            lost[-1].kill()

    runs.write_run(scenario, tmp_path / "lossy", lose, engine("processes", 2))
    assert len(lost) == 2
    assert tables(tmp_path / "lossy") == tables(tmp_path / "undisturbed")
    assert [name for name in names(tmp_path / "lossy") if name.startswith(".")] == [".locks"]


def test_workers_that_are_killed_again_and_again_stop_the_run(scenario, tmp_path):
    lost, over = set(), threading.Event()

    def lose():
        while not over.is_set():
            for child in multiprocessing.active_children():
                lost.add(child.pid)
                child.kill()
            time.sleep(0.01)

    killer = threading.Thread(target=lose)
    killer.start()
    began = time.monotonic()
    try:
        with pytest.raises(Stopped, match="killed again and again.*memory enough.*\n0 of .* are written and kept"):
            runs.write_run(scenario, tmp_path, engine=engine("processes", 2))
    finally:
        over.set()
        killer.join()
    assert len(lost) > MAX_LOSSES and time.monotonic() - began < 60
    assert multiprocessing.active_children() == []


def test_what_a_worker_cannot_write_stops_the_run(scenario, tmp_path, monkeypatch):
    """Its folder is gone: the error comes from the other process."""
    begin = RunFolder.begin

    def begin_and_lose(self, todo):
        begin(self, todo)
        (self.path / "states").rmdir()

    monkeypatch.setattr(RunFolder, "begin", begin_and_lose)
    with pytest.raises(Stopped, match="No such file or directory"):
        runs.write_run(scenario, tmp_path, engine=engine("processes", 2))
