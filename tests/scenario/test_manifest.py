"""The manifest says each thing once, and all that there is to say can be read back from it."""

import json
from dataclasses import fields, replace

import pytest

import simulator as sim
from analysis.run.run import Points
from simulator.optimizers.schema import with_defaults
from simulator.parts import to_plain
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
    once = Points(read["points"])
    assert len(once) == len(scenario.points)
    for number, point in enumerate(scenario.points):
        assert {name: values[number] for name, values in once.swept.items() if values[number] is not None} == (
            json.loads(json.dumps(point.values))
        )
        experiment = point.experiment
        written_out = {field.name: to_plain(getattr(experiment, field.name)) for field in fields(experiment)}
        written_out["optimizer"] = with_defaults(experiment.optimizer)
        written_out["surrogate"] = to_plain(experiment.method.surrogate())
        assert once.experiment(number) == json.loads(json.dumps(written_out))
        assert once.found(number) == {}


def test_what_was_found_before_the_run_is_kept_by_point():
    scenario = sim.load(tables())
    first, second = scenario.points
    scenario = replace(scenario, points=[first, replace(second, found={"total_kl": 0.5, "to": "adam"})])
    points = Points(json.loads(json.dumps(scenario.tabulated())))
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


def test_titles_claims_and_labels_do_not_change_the_digest():
    claim = {"says": "So it is", "metric": "ratio/max", "predicted": 1.0, "relation": "at_least"}
    told = {"title": "Another", "question": "Why?", "claim": [claim], "columns": ["entropy"], "headline": "entropy"}
    assert sim.load(tables(**told)).digest() == sim.load(tables()).digest()
    adam = {"name": "adam", "learning_rate": 0.1}
    pair = [sim.load(tables(optimizer=[adam, {**adam, "b1": 0.5, **label}])) for label in ({}, {"label": "slow"})]
    assert pair[0].digest() == pair[1].digest()
