"""How lanes and rollouts are cut: all of them, each once, by rules that no machine has a say in."""

import math
import os
from dataclasses import replace

import jax
import numpy as np
import pytest

from simulator.execution import costs as estimates
from simulator.execution import plan as sweep
from simulator.execution.compute import execute
from simulator.execution.costs import Cost
from simulator.execution.plan import Layout, Plan, Structure, lay_out, make_plan
from simulator.scenario.load import load
from simulator.scenario.shipped import shipped_scenarios
from tests.small import tables

LANES = (1, 2, 3, 7, 64, 65, 1000, 12_345, 1_000_003)
ROLLOUTS = (1, 2, 5, 30, 1000)
COSTS = [
    Cost(seconds=seconds, recorded_bytes=recorded, disk_bytes=recorded, live_bytes=live)
    for seconds in (1e-6, 1e-3, 1.0, 100.0)
    for recorded in (8.0, 2.0**20, 2.0**28)
    for live in (100.0, 2.0**16, 2.0**24)
]
SECONDS = (1e-6, 0.25, 8.0)


@pytest.fixture(scope="module")
def example():
    return load(tables()).points[0].experiment


def laid_out(example, lanes, rollouts, cost, seconds) -> Layout:
    training = replace(example.training, num_rollouts=rollouts)
    return lay_out(replace(example, training=training), lanes, cost, seconds)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("rollouts", ROLLOUTS)
def test_every_lane_and_every_rollout_is_in_one_chunk(lanes, rollouts, example):
    for cost in COSTS:
        for seconds in SECONDS:
            its = laid_out(example, lanes, rollouts, cost, seconds)
            a_job = its.lane_width * its.blocks_per_job
            assert its.lane_width >= 1 and its.blocks_per_job >= 1 and its.rollouts_per_chunk >= 1
            assert (its.num_jobs - 1) * a_job < lanes <= its.num_jobs * a_job
            a_chunk = its.rollouts_per_chunk
            assert (its.chunks_per_job - 1) * a_chunk < rollouts <= its.chunks_per_job * a_chunk
            assert its.lane_width & (its.lane_width - 1) == 0 and its.lane_width <= max(lanes, 1)
            filled_up = -(-lanes // its.lane_width) * its.lane_width - lanes
            assert filled_up < its.lane_width


@pytest.mark.parametrize("lanes", [1, 5, 17, 130])
@pytest.mark.parametrize(("blocks", "rollouts"), [(1, 1), (3, 2), (2, 5)])
def test_jobs_go_through_the_lanes_without_gap_or_overlap(lanes, blocks, rollouts, example, monkeypatch):
    its = Layout(lanes=lanes, lane_width=4, blocks_per_job=blocks, rollouts_per_chunk=rollouts, num_rollouts=5)
    monkeypatch.setattr(sweep, "lay_out", lambda *args: its)
    structures = [Structure([number], example, example) for number in range(3)]
    todo = Plan(structures, num_points=3, seeds=lanes, first_seed=0)
    jobs = list(sweep.jobs(todo))
    assert [job.number for job in jobs] == list(range(todo.num_jobs))
    for structure in range(3):
        mine = [job for job in jobs if job.structure == structure]
        covered = [lane for job in mine for lane in range(job.first_lane, job.first_lane + job.lanes)]
        assert covered == list(range(lanes))
    assert sum(job.num_chunks for job in jobs) == todo.num_chunks == todo.chunks_of_jobs.sum()
    assert todo.structures_of([job.number for job in jobs]) == [0, 1, 2]
    assert todo.structures_of([todo.num_jobs - 1]) == [2]


def test_updates_are_counted_by_what_is_whole(example):
    todo = make_plan(load(tables(training={"num_rollouts": 30, "group_size": 4, "epochs": 2, "seeds": 37})))
    none, all_of_them = np.zeros(todo.num_jobs, int), todo.chunks_of_jobs
    assert (todo.updates_in(none), todo.updates_in(all_of_them)) == (0, todo.num_updates)


def test_what_is_computed_is_every_run_once(monkeypatch):
    monkeypatch.setattr(sweep, "MAX_LANES", {"cpu": 4, "gpu": 4})
    monkeypatch.setattr(sweep, "CHUNK_SECONDS", (1e-9, 1e-9))
    scenario = load(tables(training={"num_rollouts": 3, "group_size": 2, "seeds": 5}, record={"probes": ["ratio"]}))
    found = [
        (point, seed, rollout)
        for chunk in execute(make_plan(scenario))
        for point, seed in zip(chunk.points.tolist(), chunk.seeds.tolist(), strict=True)
        for rollout in chunk.rollouts.tolist()
    ]
    assert sorted(found) == [(point, seed, rollout) for point in range(2) for seed in range(5) for rollout in range(3)]


def test_a_machine_has_no_say_in_it(monkeypatch):
    here = make_plan(load(tables())).layouts
    monkeypatch.setattr(jax, "local_device_count", lambda *args: 64)
    monkeypatch.setattr(jax, "device_count", lambda *args: 64)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert make_plan(load(tables())).layouts == here


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_estimates_are_numbers_above_zero(name):
    for structure in make_plan(load(name)).structures[:4]:
        cost = estimates.cost(structure.example)
        assert all(math.isfinite(each) and each > 0 for each in vars(cost).values()), cost


def test_more_work_costs_more(example):
    larger = replace(example, training=replace(example.training, epochs=8, group_size=64))
    less, more = estimates.cost(example), estimates.cost(larger)
    assert all(vars(more)[name] > vars(less)[name] for name in ("seconds", "recorded_bytes", "disk_bytes"))
