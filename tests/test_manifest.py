"""The manifest says each thing once, and all that there is to say can be read back from it."""

import json
from dataclasses import replace

import pytest

import simulator as sim
from analysis.run.points import points_of
from simulator.scenario.manifest import manifest_text
from tests.small import tables

RATES = {"log_range": [1e-3, 1e-1], "num": 20}
SCENARIOS = {
    "one point": tables(optimizer={"name": "adam", "learning_rate": 0.1}),
    "one axis": tables(),
    "optimizers": tables(
        optimizer=[{"name": "adam", "learning_rate": RATES}, {"name": "sgd", "momentum": 0.9, "learning_rate": 0.1}]
    ),
    "methods": tables(method=[{"name": "grpo"}, {"name": "gspo"}, {"dialect": "trl"}]),
    "a table as a value": tables(
        environment={
            "kind": "bandit",
            "rewards": [[1.0, 0.0]],
            "reward_scale": {"values": [1.0, {"kind": "jump", "at": 1, "before": 1.0, "after": 2.0}]},
        }
    ),
}


@pytest.mark.parametrize("scenario", [sim.load(each) for each in SCENARIOS.values()], ids=SCENARIOS)
def test_what_the_manifest_says_once_is_what_every_point_is(scenario):
    read = json.loads(manifest_text({"points": scenario.tabulated()}))
    written_out, once = points_of(json.loads(json.dumps({"points": scenario.resolved()}))), points_of(read)
    assert len(once) == len(written_out) == len(scenario.points)
    assert once.swept == written_out.swept
    for point in range(len(once)):
        assert once.experiment(point) == written_out.experiment(point)
        assert once.found(point) == written_out.found(point) == {}


def test_what_was_found_before_the_run_is_kept_by_point():
    scenario = sim.load(tables())
    first, second = scenario.points
    scenario = replace(scenario, points=[first, replace(second, found={"total_kl": 0.5, "to": "adam"})])
    points = points_of(json.loads(json.dumps({"points": scenario.tabulated()})))
    assert [points.found(0), points.found(1)] == [{}, {"total_kl": 0.5, "to": "adam"}]


def test_the_text_grows_by_numbers_alone_with_the_points_of_two_axes():
    def size(num):
        scale = {"log_range": [0.1, 10.0], "num": num}
        world = {"kind": "bandit", "rewards": [[1.0, 0.0]], "reward_scale": scale}
        scenario = sim.load(tables(environment=world, optimizer={"name": "adam", "learning_rate": RATES}))
        return len(manifest_text({"points": scenario.tabulated()}))

    assert (size(40) - size(20)) / 400 < 100  # bytes a point


def test_the_text_of_a_manifest_is_json_with_a_line_an_entry():
    manifest = {"name": "x", "seconds": 1.5, "many": list(range(500)), "deep": {"a": [{"b": "c" * 150}], "é": {}}}
    text = manifest_text(manifest).decode()
    assert json.loads(text) == manifest
    assert text.splitlines()[1:3] == [' "name": "x",', ' "seconds": 1.5,']
    assert len(text.splitlines()) < 20


def test_equal_points_differ_in_the_digest_only_where_something_is_asked_that_differs():
    (one,) = {sim.load(tables(method={"name": "grpo", "clip_low": low})).digest() for low in (0.2, 0.2)}
    assert one == sim.load(tables(method={"name": "grpo"})).digest()
    swapped = tables(optimizer={"name": "adam", "learning_rate": {"values": [0.1, 0.01]}})
    assert sim.load(swapped).digest() != sim.load(tables()).digest()
