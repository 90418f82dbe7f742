"""A plan of a million chunks is planned, looked up and told in time and memory that stay small."""

import random
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from simulator import runs
from simulator.engines.worker import Work
from simulator.execution import plan as sweep
from simulator.execution.plan import Plan, make_plan
from simulator.scenario.load import load
from simulator.storage import chunks as run_folder
from simulator.storage.chunks import RunFolder
from tests.small import tables

MB = 2**20


def planned(seeds: int, rollouts: int = 4) -> Plan:
    """A sweep of one tiny structure, in jobs of eight lanes."""
    training = {"num_rollouts": rollouts, "group_size": 4, "epochs": 2, "seeds": seeds}
    return make_plan(load(tables(optimizer={"name": "sgd", "learning_rate": 0.1}, training=training)))


@pytest.fixture
def narrow(monkeypatch):
    """Blocks of eight lanes and chunks of two rollouts, whatever they cost."""

    def cut(example, lanes, cost, seconds):
        return sweep.Layout(
            lanes=lanes,
            lane_width=8,
            blocks_per_job=1,
            rollouts_per_chunk=2,
            num_rollouts=example.training.num_rollouts,
        )

    monkeypatch.setattr(sweep, "lay_out", cut)


def measured(work):
    """(seconds, peak of memory in bytes, what it returns)."""
    tracemalloc.start()
    began = time.perf_counter()
    value = work()
    seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak, value


def test_planning_a_million_chunks_costs_next_to_nothing(narrow):
    def work():
        todo = planned(seeds=4_000_003)
        return todo, todo.num_jobs, todo.num_chunks, todo.describe()

    seconds, peak, (todo, jobs, chunks, told) = measured(work)
    assert (jobs, chunks) == (500_001, 1_000_002)
    assert seconds < 5 and peak < 20 * MB
    assert told["chunks"] == chunks and len(str(told)) < 1000
    assert todo.num_updates == 4_000_003 * 4 * 2


def test_any_job_is_found_at_once(narrow):
    todo, generator = planned(seeds=4_000_003), random.Random(0)
    numbers = [0, todo.num_jobs - 1, *(generator.randrange(todo.num_jobs) for _ in range(1000))]
    began = time.perf_counter()
    found = [todo.job(number) for number in numbers]
    assert (time.perf_counter() - began) / len(found) < 1e-3
    assert all(job.first_lane == 8 * job.number and job.num_chunks == 2 for job in found)
    assert (found[0].lanes, found[1].lanes) == (8, 3)


def test_a_plan_of_its_own_size_has_short_work():
    """What the rules make of 64 million runs: still counted, not listed."""
    todo = planned(seeds=64_000_000, rollouts=200)
    assert todo.num_chunks >= 1e3 and todo.layouts[0].num_jobs * todo.layouts[0].blocks_per_job * 64 >= 64_000_000
    assert todo.updates_in(todo.chunks_of_jobs) == todo.num_updates


class Listed:
    """A folder with the parts of the first jobs of a plan, which no disk has to hold."""

    def __init__(self, count: int) -> None:
        self.count = count

    def names(self):
        """Not in their order, as a disk would list them."""
        for n in range(self.count):
            number = (n * 7919) % self.count
            yield f"part-{number // 2:07d}-{number % 2:05d}.parquet"


def looked(count: int, monkeypatch):
    """What looks which chunks are there when so many are: all of its plan."""
    todo = planned(seeds=4 * count)
    folder = RunFolder(Path("unseen"), {}, [])
    monkeypatch.setattr(run_folder, "listed", lambda path: Listed(count).names())

    def look():
        whole = folder.whole_chunks(todo)
        assert whole.sum() == count == todo.num_chunks and whole.min() == whole.max() == 2
        assert todo.updates_in(whole) == todo.num_updates

    return look


def seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_what_is_written_is_counted_in_linear_time(narrow, monkeypatch):
    few = min(seconds(looked(100_000, monkeypatch)) for _ in range(2))
    assert seconds(looked(1_000_000, monkeypatch)) < 15 * few


@pytest.mark.long
def test_and_in_little_memory(narrow, monkeypatch):
    assert measured(looked(1_000_000, monkeypatch))[1] < 150 * MB


@pytest.mark.long
def test_the_driver_keeps_nothing_for_every_chunk(narrow, monkeypatch, tmp_path):
    """A run of which all but the last jobs are there: what is left is found and handed to the engine."""
    todo, told = planned(seeds=4_000_000), []
    folder = RunFolder(tmp_path, {}, [])
    monkeypatch.setattr(run_folder, "listed", lambda path: Listed(999_990).names())

    class Engine:
        elsewhere = False

        def run(self, work, numbers):
            told.extend(numbers)
            assert work.plan.structures_of(numbers) == [0]
            for _ in range(3):
                time.sleep(0.01)
                yield

    _, peak, _ = measured(lambda: runs._carry_out(Engine(), Work(todo, folder), lambda done, total: None))
    assert told == [499_995, 499_996, 499_997, 499_998, 499_999]
    assert peak < 150 * MB
    assert np.sum(folder.whole_chunks(todo) == 2) == 499_995


def test_a_run_that_begins_hands_over_all_jobs_and_little_else(narrow, tmp_path):
    todo = planned(seeds=4_000_000)
    folder = RunFolder(tmp_path, {}, [])
    folder.begin(todo)
    counts = []

    class Engine:
        elsewhere = False

        def run(self, work, numbers):
            assert work.plan.structures_of(numbers) == [0]
            counts.append(len(numbers))
            yield

    _, peak, _ = measured(lambda: runs._carry_out(Engine(), Work(todo, folder), lambda done, total: None))
    assert counts == [500_000] and peak < 50 * MB
