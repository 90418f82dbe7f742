"""Matched learning rates: against closed forms of two arms, and against the runs that they lead to."""

import io
import json
from dataclasses import replace

import jax
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import simulator as sim
from analysis import load as load_run
from analysis.completion import complete
from analysis.sentences import fairness
from analysis.terminal import show
from simulator import runs
from simulator.execution import calibration
from simulator.execution.calibration import calibrated
from tests.analysis.made import made_run
from tests.small import resolved, tables

ADAM = {"name": "adam", "learning_rate": 0.02}


def matched(name, measure, to, **keywords):
    return {"name": name, "learning_rate": {"match": measure, "to": to}, **keywords}


# Two arms, each said once, rewards s and 0: A = ±s/2, and the gradient of J at the uniform policy is (s/4, −s/4). After
# an update of (x, −x) the good arm's probability is p = 1/(1 + e^{−2x}).
TWO_ARMS = tables(
    environment={"kind": "bandit", "rewards": [[1.0, 0.0]], "reward_scale": {"values": [1.0, 2.0]}},
    optimizer=[
        ADAM,
        matched("sgd", "first_update_kl", "adam", label="sgd to adam"),
        matched("sgd", "total_kl", 1, label="sgd in all"),
        matched("sign_sgd", "first_update_kl", 0.001, label="signs to a KL"),
        matched("sign_sgd", "first_update_ratio", 1.2, label="signs to a ratio"),
    ],
    rollouts={"kind": "fixed", "completions": [[[0], [1]]]},
    training={"num_rollouts": 2, "group_size": 2, "epochs": 2},
    record={"probes": ["kl", "ratio"]},
    headline="ratio/max",
)


def kl_of(x):
    """KL(½, ½ ‖ p, 1 − p)."""
    p = 1 / (1 + np.exp(-2 * np.asarray(x)))
    return -np.log(4 * p * (1 - p)) / 2


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    calibration._bisected.clear_cache()
    calibration._mean_displacement.clear_cache()
    directory = runs.run(TWO_ARMS, out=tmp_path_factory.mktemp("runs"))
    assert (calibration._bisected._cache_size(), calibration._mean_displacement._cache_size()) == (4, 1)
    complete(directory)
    return directory


@pytest.fixture(scope="module")
def points(directory):
    """What the manifest says of each point, by label and reward scale."""
    run = load_run(directory)
    made = [
        {**run.values(point), "experiment": run.experiment(point), "found": run.found(point)}
        for point in range(len(run.points))
    ]
    return {(point["optimizer"], point["environment.reward_scale"]): point for point in made}


@pytest.fixture(scope="module")
def updates(directory):
    return pd.read_parquet(directory / "updates").set_index(
        ["optimizer", "environment.reward_scale", "rollout", "update"]
    )


@pytest.mark.long
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_rates_are_those_of_the_closed_forms(points, scale):
    rates = {
        label: point["experiment"]["optimizer"]["learning_rate"] for (label, of), point in points.items() if of == scale
    }
    moved = 0.02 * (scale / 4) / (scale / 4 + 1e-8)  # Adam's first update
    p = 1 / 2 + np.sqrt(1 - np.exp(-2 * 0.001)) / 2  # of −½ log 4p(1 − p) = 0.001
    expected = {
        "adam": 0.02,
        "sgd to adam": moved / (scale / 4),
        "signs to a KL": np.log(p / (1 - p)) / 2,
        "signs to a ratio": np.log(0.6 / 0.4) / 2,  # 1.2 of a half
    }
    assert {label: rates[label] for label in expected} == pytest.approx(expected, rel=1e-10)
    assert kl_of(expected["signs to a KL"]) == pytest.approx(0.001, rel=1e-12)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_runs_reach_what_they_were_matched_to(updates, scale):
    def value(label, metric, rollout=0, update=1):
        return updates.loc[(label, scale, rollout, update), metric]

    first_kl = value("sgd to adam", "kl/behavior_exact")
    assert first_kl == pytest.approx(value("adam", "kl/behavior_exact"), rel=1e-6)
    assert first_kl == pytest.approx(kl_of(0.02), rel=1e-6)
    assert value("signs to a KL", "kl/behavior_exact") == pytest.approx(0.001, rel=1e-6)
    assert value("signs to a ratio", "ratio/max") == pytest.approx(1.2, rel=1e-6)
    in_all = sum(value("sgd in all", "kl/behavior_exact", rollout, 2) for rollout in (0, 1))
    assert in_all == pytest.approx(1.0, rel=1e-6)


def test_what_was_found_is_in_the_manifest(points):
    assert points["adam", 1.0]["found"] == {"optimizer.learning_rate": 0.02}  # which was given
    found = points["signs to a ratio", 2.0]["found"]
    assert list(found) == ["optimizer.learning_rate", "first_update_ratio", "to"]
    assert (found["first_update_ratio"], found["to"]) == (pytest.approx(1.2, rel=1e-9), 1.2)
    assert points["sgd to adam", 1.0]["found"]["to"] == "adam"
    assert points["sgd in all", 1.0]["found"]["total_kl"] == pytest.approx(1.0, rel=1e-9)


def test_the_rates_are_columns_of_the_tables(directory, points, updates):
    rates = updates["optimizer.learning_rate"].groupby(["optimizer", "environment.reward_scale"]).unique()
    summary = pd.read_parquet(directory / "summary.parquet").set_index(["optimizer", "environment.reward_scale"])
    for which, point in points.items():
        rate = point["experiment"]["optimizer"]["learning_rate"]
        assert summary.loc[which, "optimizer.learning_rate"] == rate
        if which[0] != "adam":
            assert rates[which].tolist() == [rate]


def test_the_same_question_finds_its_run_again(directory, monkeypatch):
    asked = sim.load(TWO_ARMS)
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["hash"] == asked.digest()
    assert (
        load_run(directory).experiment(2)["optimizer"]["learning_rate"]
        != resolved(asked)[2]["optimizer"]["learning_rate"]
    )
    monkeypatch.setattr(runs, "_calibrated", None)  # nothing is to be computed
    assert runs.run(TWO_ARMS, out=directory.parent) == directory
    other = TWO_ARMS | {"optimizer": [ADAM, matched("sgd", "first_update_ratio", "adam")]}
    assert sim.load(other).digest() != asked.digest()


def test_readers_are_told_how_the_rates_were_chosen(directory):
    sentence = (
        "Learning rates were found that match: KL after the first update = that of adam; "
        "KL summed over the rollouts = 1; KL after the first update = 0.001; "
        "largest ratio after the first update = 1.2."
    )
    run = load_run(directory)
    assert fairness(run) == sentence
    assert sentence in (directory / "report.html").read_text()
    shown = io.StringIO()
    show(run, Console(file=shown, width=1000))
    assert sentence in shown.getvalue() and " 0.08" in shown.getvalue()


def test_readers_are_warned_of_rates_that_are_not_matched():
    row = {"seed": 0, "rollout": 0, "update": 1, "ratio/max": 1.0}
    compared = made_run([row | {"point": 0}, row | {"point": 1}], points=[{"optimizer": "adam"}, {"optimizer": "sgd"}])
    assert fairness(compared) == "Learning rates are as given: the optimizers are not matched at an equal displacement."
    assert fairness(made_run([row | {"point": 0}])) == ""
    swept = made_run([row | {"point": 0}, row | {"point": 1}], points=[{"optimizer.b1": 0.0}, {"optimizer.b1": 0.9}])
    assert fairness(swept) == ""


# Sampled rollouts

SAMPLED = {"num_rollouts": 3, "group_size": 4, "epochs": 2, "minibatches": 2, "seeds": 18, "seed": 5}


def test_a_rate_is_found_on_the_first_sixteen_seeds_that_the_run_will_use():
    own = {"twin": {"name": "sign_sgd", "learning_rate": 0.1}, "max_grad_norm": 5.0}
    asked = sim.load(tables(optimizer=matched("sgd", "first_update_kl", 0.001, **own), training=SAMPLED))
    (point,) = calibrated(asked).points
    keys = jax.vmap(jax.random.key)(5 + np.arange(16, dtype=np.uint32))
    metrics = jax.jit(jax.vmap(sim.simulate, in_axes=(None, 0)))(lean(point.experiment), keys).metrics
    first = metrics["kl/behavior_exact"][:, 0, 0]
    assert first.mean() == pytest.approx(0.001, rel=1e-6) and first.min() < 0.0009 < 0.0011 < first.max()
    assert point.found["optimizer.learning_rate"] == point.experiment.optimizer.numbers["learning_rate"]
    assert (
        point.experiment.optimizer.max_grad_norm == 5.0 and point.experiment.optimizer.memoryless().name == "sign_sgd"
    )


def lean(experiment):
    return replace(experiment, record=sim.Record(probes=("kl",)))


def test_without_anything_to_match_nothing_is_computed():
    asked = sim.load(tables())
    assert calibrated(asked) is asked


def test_an_unknown_rate_cannot_be_run_and_says_so():
    experiment = sim.load(tables(optimizer=matched("sgd", "first_update_kl", 0.001))).points[0].experiment
    with pytest.raises(ValueError, match="the learning rate of sgd is matched: run the scenario, which finds it"):
        sim.simulate(experiment, jax.random.key(0))


def test_a_twin_has_the_rate_that_was_found():
    for name in ("adam", "lion", "sgd"):
        experiment = sim.load(tables(optimizer=matched(name, "first_update_kl", 0.001))).points[0].experiment
        found = experiment.optimizer.with_learning_rate(0.3)
        assert found.match is None and found.memoryless().numbers["learning_rate"] == 0.3
        assert found.memoryless().build() is not None


# What is refused


def refusals(*optimizers):
    """{dotted key: sentence} of what is wrong."""
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(optimizer=list(optimizers)))
    return dict(refusal.value.problems)


RATE = "optimizer.learning_rate.to"
SECOND = "optimizer[1].learning_rate"


@pytest.mark.parametrize(
    ("match", "key", "sentence"),
    [
        ({"match": "first_update_kl", "to": "adan"}, RATE, "no optimizer is called 'adan' here; did you mean 'adam'?"),
        ({"match": "first_update_kl", "to": "sgd"}, RATE, "'sgd' has to be matched itself"),
        ({"match": "first_update_ratio", "to": 1.0}, RATE, "a largest ratio is above 1, got 1"),
        (
            {"match": "first_update_kl", "to": 0},
            f"{SECOND}.to",
            "must be what another optimizer is called, or a number > 0, got 0 (an integer)",
        ),
        (
            {"match": "total_kl", "to": True},
            f"{SECOND}.to",
            "must be what another optimizer is called, or a number > 0, got True (a boolean)",
        ),
        ({"match": "first", "to": "adam"}, f"{SECOND}.match", "cannot be 'first'; did you mean 'first_update_kl'?"),
        (
            {"match": "total_kl", "to": "adam", "tolerance": 0.1},
            f"{SECOND}.tolerance",
            "unknown key; a match has the keys match and to",
        ),
    ],
)
def test_a_match_that_cannot_be_is_refused(match, key, sentence):
    assert refusals(ADAM, {"name": "sgd", "learning_rate": match}) == {key: sentence}


def test_what_is_matched_to_has_to_be_one_point():
    axes = ADAM | {"learning_rate": {"values": [0.1, 0.2]}}
    found = refusals(axes, matched("sgd", "first_update_kl", "adam"))
    assert found == {RATE: "'adam' has axes: 2 points to be matched to, where one is meant"}
    # axes of anything else are no matter: each point is matched to the one that is like it
    worlds = {"kind": "bandit", "rewards": {"values": [[[1.0, 0.0]], [[0.0, 1.0]]]}}
    assert (
        len(sim.load(tables(optimizer=[ADAM, matched("sgd", "first_update_kl", "adam")], environment=worlds)).points)
        == 4
    )


def test_two_that_wait_for_each_other_are_refused():
    found = refusals(matched("adam", "first_update_kl", "sgd"), matched("sgd", "first_update_kl", "adam"))
    assert "has to be matched itself" in found[RATE]


@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "adamw", "learning_rate": 0.1, "weight_decay": {"match": "first_update_kl", "to": 0.1}},
        {"name": "adam", "learning_rate": 0.1, "b1": {"match": "first_update_kl", "to": 0.1}},
        {
            "name": "adam",
            "learning_rate": {
                "schedule": "cosine_decay_schedule",
                "init_value": {"match": "first_update_kl", "to": 0.1},
                "decay_steps": 3,
            },
        },
    ],
    ids=["weight_decay", "b1", "in a schedule"],
)
def test_nothing_but_a_learning_rate_can_be_matched(optimizer):
    assert len(refusals(optimizer)) == 1


def test_a_twin_of_a_matched_optimizer_needs_a_rate_of_its_own():
    found = refusals(matched("sgd", "first_update_kl", 0.1, twin={"name": "sign_sgd"}))
    assert found == {"optimizer[0].twin.learning_rate": "is required: that of the optimizer itself is yet to be found"}


def test_a_target_that_no_rate_reaches_is_refused_in_its_own_terms():
    # with two arms, which begin at a half, no ratio is above 2
    far = TWO_ARMS | {
        "optimizer": matched("sign_sgd", "first_update_ratio", 3),
        "environment": {"kind": "bandit", "rewards": [[1.0, 0.0]]},
    }
    with pytest.raises(sim.ScenarioError) as refusal:
        calibrated(sim.load(far))
    ((key, sentence),) = refusal.value.problems
    assert key == "optimizer.learning_rate"
    assert sentence == "no learning rate gives the optimizer a first_update_ratio of 3: the nearest is 2, at 1e+08"


def test_nothing_is_written_where_no_rate_is_found(tmp_path, monkeypatch):
    def nothing(scenario):
        raise sim.ScenarioError("small", [("optimizer.learning_rate", "no learning rate")])

    monkeypatch.setattr(runs, "_calibrated", nothing)
    with pytest.raises(sim.ScenarioError):
        runs.run(tables(optimizer=matched("sgd", "first_update_kl", 0.1)), out=tmp_path)
    assert list(tmp_path.glob("[!.]*")) == []
