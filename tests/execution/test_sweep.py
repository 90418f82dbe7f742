"""A sweep compiles once per structure, and batching changes no number."""

from collections import defaultdict

import jax
import numpy as np
import pytest

import simulator as sim
from simulator.execution import program
from simulator.execution.compute import execute
from simulator.execution.plan import Layout, make_plan
from tests.small import tables

TREE = {
    "kind": "token_tree",
    "vocab_size": 3,
    "max_length": 3,
    "num_prompts": 2,
    "length_cost": 0.1,
    "reward": {"rule": "count", "token": 1},
}


def axis(*values):
    return {"values": list(values)}


def scenario(**changes):
    return sim.load(tables(**{"training": training(), "record": {"probes": ["ratio"]}, **changes}))


def training(**changes):
    return {"num_rollouts": 3, "group_size": 4, "epochs": 2, "seeds": 3, **changes}


def results(scenario):
    """What a sweep computed: {(point, seed): {metric: [I, K]}}."""
    found = defaultdict(dict)
    for chunk in execute(make_plan(scenario)):
        for lane, key in enumerate(zip(chunk.points.tolist(), chunk.seeds.tolist(), strict=True)):
            for name, values in chunk.trace.metrics.items():
                found[key].setdefault(name, []).append(values[lane])
    return {key: {name: np.concatenate(parts) for name, parts in run.items()} for key, run in found.items()}


def compilations(*scenarios):
    """How many programs the sweeps compiled together (what the compiler is given: test_compilations.py)."""
    program._compiled.cache_clear()
    for each in scenarios:
        results(each)
    return program._compiled.cache_info().misses


def test_points_that_differ_in_numbers_share_one_program():
    def sweep(rates, scales, first_seed):
        return scenario(
            optimizer={"name": "adam", "learning_rate": axis(*rates)},
            method={"name": "dr_grpo", "clip_high": axis(0.2, 0.3)},
            environment={"kind": "bandit", "rewards": [[0.0, 0.0, 1.0]], "reward_scale": axis(*scales)},
            training=training(seeds=5, seed=first_seed),
        )

    one, another = sweep((0.1, 0.2, 0.3), (1.0, 5.0), 100), sweep((0.5, 0.6), (2.0, 3.0, 4.0), 7)
    assert len(one.points) == len(another.points) == 12
    assert compilations(one, another) == 1


def test_structures_are_compiled_once_each():
    three = scenario(
        optimizer=[
            {"name": "sgd", "learning_rate": axis(0.1, 0.2)},
            {"name": "sgd", "learning_rate": 0.1, "momentum": axis(0.0, 0.9)},  # has a trace: another state
            {"name": "adam", "learning_rate": axis(0.1, 0.2)},
        ]
    )
    todo = make_plan(three)
    assert [structure.points for structure in todo.structures] == [[0, 1], [2, 3], [4, 5]]
    assert compilations(three) == 3


def test_arrays_of_another_shape_are_another_structure():
    arms = {"kind": "bandit", "rewards": axis([[1.0, 0.0]], [[1.0, 0.0, 0.0]], [[0.0, 1.0]])}
    todo = make_plan(scenario(environment=arms, optimizer={"name": "sgd", "learning_rate": 0.1}))
    assert [structure.points for structure in todo.structures] == [[0, 2], [1]]


def test_the_plan_counts_what_will_be_computed():
    todo = make_plan(scenario(training=training(seed=7)))  # two points, three seeds, three rollouts of two updates
    assert todo.num_updates == 2 * 3 * 3 * 2
    assert todo.describe()["structures"][0]["points"] == [0, 1]
    assert (todo.num_points, todo.seeds, todo.first_seed) == (2, 3, 7)


@pytest.mark.long
def test_every_lane_is_the_run_alone():
    swept = scenario(environment=TREE, training=training(seed=5, seeds=4, minibatches=2), record={})
    found = results(swept)
    assert sorted(found) == [(point, seed) for point in range(2) for seed in (5, 6, 7, 8)]
    alone = jax.jit(sim.simulate)
    for (point, seed), metrics in found.items():
        trace = alone(swept.points[point].experiment, jax.random.key(seed))
        for name, values in metrics.items():
            np.testing.assert_allclose(values, trace.metrics[name], rtol=1e-12, atol=1e-12, err_msg=name)


def narrow_blocks(monkeypatch, lanes):
    monkeypatch.setattr("simulator.execution.plan.MAX_LANES", {"cpu": lanes, "gpu": lanes})


def rollouts_a_chunk(monkeypatch, swept, rollouts_per_chunk):
    """Cut the rollouts of the one structure of a scenario into chunks of so many."""
    rollouts = swept.training.num_rollouts

    def cut(example, lanes, cost, seconds):
        return Layout(
            lanes=lanes, lane_width=2, blocks_per_job=3, rollouts_per_chunk=rollouts_per_chunk, num_rollouts=rollouts
        )

    monkeypatch.setattr("simulator.execution.plan.lay_out", cut)


def test_more_lanes_than_the_width_change_no_number(monkeypatch):
    swept = scenario()
    wide = results(swept)
    narrow_blocks(monkeypatch, 4)  # six lanes: one full block, one filled up
    narrow = results(swept)
    assert sorted(narrow) == sorted(wide)
    for key, metrics in wide.items():
        for name, values in metrics.items():
            np.testing.assert_allclose(narrow[key][name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_shorter_stretches_change_no_number(monkeypatch):
    swept = scenario()
    whole = results(swept)
    rollouts_a_chunk(monkeypatch, swept, 2)  # 2 + 1 of three rollouts
    pieces = results(swept)
    for key, metrics in whole.items():
        for name, values in metrics.items():
            assert pieces[key][name].shape == values.shape == (3, 2)
            np.testing.assert_allclose(pieces[key][name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_recorded_rollouts_are_every_nth_of_the_run(monkeypatch):
    swept = scenario(training=training(num_rollouts=5), record={"probes": ["ratio"], "ratios": {"every": 3}})
    every = scenario(training=training(num_rollouts=5), record={"probes": ["ratio"], "ratios": {}})
    rollouts_a_chunk(monkeypatch, swept, 2)
    kept = [chunk for chunk in execute(make_plan(swept)) if len(chunk.recorded_rollouts)]
    assert [chunk.recorded_rollouts.tolist() for chunk in kept] == [[0], [3]]
    full = np.concatenate([chunk.trace.tokens.log_ratio for chunk in execute(make_plan(every))], axis=1)
    for chunk, rollout in zip(kept, (0, 3), strict=True):
        np.testing.assert_allclose(chunk.trace.tokens.log_ratio[:, 0], full[:, rollout], rtol=1e-12, atol=1e-14)


def test_at_the_same_seed_every_point_sees_the_same_random_numbers():
    swept = scenario(
        optimizer=[{"name": "adam", "learning_rate": axis(0.01, 0.1)}, {"name": "lion", "learning_rate": 0.01}],
        training=training(seeds=2),
        record={"probes": ["ratio"], "ratios": {}},
    )
    first = defaultdict(list)  # the first rollout, before the points part ways
    for chunk in execute(make_plan(swept)):
        for lane, seed in enumerate(chunk.seeds):
            first[int(seed)].append(chunk.trace.tokens.tokens[lane, 0])
    assert sorted(first) == [0, 1] and len(first[0]) == len(swept.points) == 3
    for seed in (0, 1):
        for tokens in first[seed]:
            np.testing.assert_array_equal(tokens, first[seed][0])
    assert np.any(first[0][0] != first[1][0])


def test_precision_is_the_experiments():
    single = scenario(training=training(precision="float32"))
    (chunk,) = execute(make_plan(single))
    assert {values.dtype.name for values in chunk.trace.metrics.values()} == {"float32"}
    (chunk,) = execute(make_plan(scenario()))
    assert {values.dtype.name for values in chunk.trace.metrics.values()} == {"float64"}
