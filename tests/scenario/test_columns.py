"""Headlines and columns: recorded metrics, and quantities that are worked out of a run, wherever they can be."""

import tomllib

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.summary import summarize
from simulator import load
from simulator.cli.main import main
from simulator.errors import ScenarioError
from simulator.runs import run
from tests.analysis.made import made_run

# Two arms, both said: a gradient of ±1/4 for two rollouts of one update, then none for three. Adam's first update is
# one learning rate in either logit, and the scales have no part in it.
STOPS = """
title = "A small question"
question = "How small?"
headline = "braking_distance"
columns = ["first_residual", "update/norm", "residual_update"]
[environment]
kind = "bandit"
rewards = [[1.0, 0.0]]
reward_scale = { kind = "jump", at = 2, before = 1.0, after = 0.0 }
[policy]
kind = "tabular"
[method]
name = "dr_grpo"
[optimizer]
name = "sgd"
learning_rate = 1e-9
momentum = { values = [0.0, 0.5] }
[training]
num_rollouts = 5
group_size = 2
seeds = 2
[rollouts]
kind = "fixed"
completions = [[[0], [1]]]
[record]
probes = ["update"]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stops.toml").write_text(STOPS)
    return tmp_path


def problems(**overrides):
    with pytest.raises(ScenarioError) as error:
        load("stops.toml", [(key.replace("__", "."), value) for key, value in overrides.items()])
    return str(error.value)


def test_what_can_be_derived_can_be_a_headline_or_a_column(here):
    scenario = load("stops.toml", [])
    assert scenario.heading.headline == "braking_distance"
    assert list(scenario.heading.columns) == ["first_residual", "update/norm", "residual_update"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("braking_distanc", "did you mean 'braking_distance'?"),
        ("first_residuals", "did you mean 'first_residual'?"),
        ("update/nrm", "did you mean 'update/norm'?"),
    ],
)
def test_a_misspelled_column_is_refused_with_the_nearest_that_there_is(here, name, near):
    assert f"headline: no metric {name!r} is recorded; {near}" in problems(headline=name)
    assert f"columns: no metric {name!r} is recorded; {near}" in problems(columns=["update/norm", name])


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("carried_share", "[record] ratios"),
        ("caused_share", "a twin"),
        ("scale_elasticity", "an axis over a reward scale"),
        ("prefix_weight_at_start", "[record] ratios"),
        ("scale_spread", "an axis over a reward scale"),
    ],
)
def test_what_the_run_could_not_tell_is_refused(here, name, lacking):
    said = problems(headline=name)
    assert f"headline: no metric {name!r} is recorded" in said, lacking
    assert name not in said.replace(f"{name!r}", "", 1)  # the nearest is one that there is


def test_an_axis_over_the_scale_makes_elasticities_derivable(here):
    axis = [("environment.reward_scale", {"values": [1.0, 10.0]})]
    scenario = load("stops.toml", [*axis, ("headline", "scale_elasticity"), ("columns", ["local_elasticity"])])
    assert scenario.heading.headline == "scale_elasticity"


def test_a_refused_column_is_exit_code_2_and_nothing_is_written(here, capsys):
    assert main(["run", "stops.toml", "--set", "headline=braking_distanc"]) == 2
    assert "stops.toml: headline: no metric 'braking_distanc' is recorded; did you mean" in capsys.readouterr().err
    assert main(["validate", "stops.toml", "--set", "columns=['scale_spread']"]) == 2
    assert "columns: no metric 'scale_spread' is recorded" in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["stops.toml"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    return analysis.complete(run(tomllib.loads(STOPS), out=folder))


def test_the_summary_holds_derived_quantities_with_their_intervals(finished):
    table = pd.read_parquet(finished.directory / "summary.parquet").set_index("optimizer.momentum")
    # 0.5 + 0.25 + 0.125; the same for both seeds, which nothing random tells apart
    np.testing.assert_allclose(table["braking_distance"], [0.0, 0.875], atol=1e-9)
    np.testing.assert_allclose(table["first_residual"], [0.0, 0.5], atol=1e-9)
    np.testing.assert_allclose(table["residual_update"], [0.0, 0.875 / 3], atol=1e-9)  # the mean of its cases
    for name in ("braking_distance", "first_residual", "residual_update", "update/norm"):
        np.testing.assert_allclose(table[f"{name}:low"], table[name], atol=1e-12)
        np.testing.assert_allclose(table[f"{name}:high"], table[name], atol=1e-12)


def test_the_page_shows_and_explains_derived_quantities(finished):
    page = (finished.directory / "report.html").read_text()
    text = page[page.index("<main>") :]
    assert "braking_distance runs from 0 (momentum = 0) to 0.875 (momentum = 0.5)." in text
    heads = [f"<th scope=col>{name}</th>" for name in ("variant", "braking_distance", "first_residual", "update/norm")]
    assert "".join(heads) in text
    assert "<dt>first_residual</dt><dd>the first update without a gradient, in units of the last one with</dd>" in text


def test_a_swept_column_is_of_one_type_in_the_summary(tmp_path):
    swept = {
        "environment.reward_scale": [1.0, '{"kind": "jump"}', 0.5],  # as the manifest has tables: text
        "training.epochs": [1, 2, None],
        "optimizer.b1": [0, 0.9, 1],
        "optimizer.nesterov": [True, False, None],
    }
    points = [dict(zip(swept, values, strict=True)) for values in zip(*swept.values(), strict=True)]
    rows = [{"point": point, "seed": 0, "rollout": 0, "update": 1, "ratio/max": 1.0} for point in range(3)]
    summarize(made_run(rows, points=points)).to_parquet(tmp_path / "summary.parquet")
    table = pd.read_parquet(tmp_path / "summary.parquet")
    assert table["environment.reward_scale"].tolist() == ["1", '{"kind": "jump"}', "0.5"]
    assert table["training.epochs"].tolist()[:2] == [1, 2] and table["training.epochs"].isna().tolist()[2]
    assert table["optimizer.b1"].tolist() == [0.0, 0.9, 1.0]
    assert table["optimizer.nesterov"].tolist() == [True, False, None]


def test_lists_are_short_in_labels():
    run = made_run(points=[{"policy.bias": "[-3.4965, 0.0, 10.0]", "optimizer.learning_rate": 1e-14}])
    assert run.labels == ["bias = [-3.4965, 0, 10], learning_rate = 1e-14"]
