"""Rows are chosen by what describes their points and by their counts; what is not there is said, with what is."""

import json

import pandas as pd
import pytest

import analysis
from analysis.exports import ExportError, export
from analysis.exports.selection import holders
from tests.analysis.exports.folder import NAMES, label, token_rows, update_rows, written


def exported(run, tmp_path, **options) -> pd.DataFrame:
    return pd.read_parquet(export(run, out=tmp_path / "x.parquet", **options))


def keys(frame: pd.DataFrame) -> set[tuple]:
    return set(frame[["point", "seed", "rollout", "update"]].itertuples(index=False, name=None))


def those(keep) -> set[tuple]:
    return {(row["point"], row["seed"], row["rollout"], row["update"]) for row in update_rows() if keep(row)}


@pytest.mark.parametrize(
    ("options", "keep"),
    [
        ({"where": {"optimizer": "adamw"}}, lambda row: row["point"] == 0),
        ({"where": {"optimizer": NAMES[1]}}, lambda row: row["point"] == 1),
        ({"where": {"optimizer.learning_rate": "0.10"}}, lambda row: row["point"] == 0),
        ({"where": {"optimizer.learning_rate": 1e-1}}, lambda row: row["point"] == 0),
        ({"where": {"optimizer.learning_rate": "none"}}, lambda row: row["point"] == 1),
        ({"where": {"label": label(1)}}, lambda row: row["point"] == 1),
        ({"where": {"point": 1, "seed": 0}}, lambda row: (row["point"], row["seed"]) == (1, 0)),
        ({"where": {"optimizer": NAMES, "seed": [0, 1]}}, lambda row: True),
        ({"where": [("seed", 1), ("optimizer", "adamw"), ("seed", 0)]}, lambda row: row["point"] == 0),
        ({"where": {"update": [1, 3]}}, lambda row: row["update"] in (1, 3)),
        ({"rollouts": "0:1"}, lambda row: row["rollout"] == 0),
        ({"rollouts": "1:"}, lambda row: row["rollout"] == 1),
        ({"updates": ":3"}, lambda row: row["update"] < 3),
        ({"updates": (2, None), "rollouts": (None, 1)}, lambda row: row["update"] >= 2 and row["rollout"] == 0),
    ],
)
def test_only_rows_that_were_asked_for(run, tmp_path, options, keep):
    wanted = those(keep)
    assert wanted
    assert keys(exported(run, tmp_path, **options)) == wanted
    assert keys(exported(run, tmp_path, **options, table="ratios", force=True)) == wanted


def test_tokens_are_chosen_by_their_own_columns(run, tmp_path):
    frame = exported(run, tmp_path, table="ratios", where={"prompt": 1, "position": 0, "point": 0})
    wanted = [row["log_ratio"] for row in token_rows([0]) if (row["prompt"], row["position"]) == (1, 0)]
    assert frame["log_ratio"].tolist() == wanted


def test_columns_are_those_asked_for_beside_the_ids(run, tmp_path):
    frame = exported(run, tmp_path, columns=["ratio/max", "entropy"])
    ids = ["point", "seed", "rollout", "update", "optimizer", "optimizer.learning_rate", "label"]
    assert list(frame.columns) == [*ids, "entropy", "ratio/max"]
    assert list(exported(run, tmp_path, columns=["label"], force=True).columns) == ids
    long = exported(run, tmp_path, shape="long", columns=["entropy"], force=True)
    assert set(long["metric"]) == {"entropy"} and len(long) == 24


def test_a_trainers_rows_are_chosen_after_they_are_worked_out(run, tmp_path):
    every = exported(run, tmp_path, metric_names="trl").set_index(["point", "seed", "rollout", "update"])
    some = exported(run, tmp_path, metric_names="trl", updates="3:4", where={"seed": 1}, force=True)
    some = some.set_index(["point", "seed", "rollout", "update"])
    assert len(some) == 4
    pd.testing.assert_frame_equal(some, every.loc[some.index])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"where": {"optimiser": "adamw"}}, "where: no column 'optimiser' to choose by; did you mean 'optimizer'?"),
        ({"where": {"learning_rate": 0.1}}, "did you mean 'optimizer.learning_rate'?"),
        ({"where": {"optimizer": "adamww"}}, "where: optimizer is never 'adamww'; did you mean 'adamw'?"),
        ({"where": {"optimizer.learning_rate": 0.2}}, "optimizer.learning_rate is never '0.2'; the nearest is 0.1"),
        ({"where": {"optimizer.learning_rate": "x"}}, "optimizer.learning_rate is never 'x'; there are 0.1, none"),
        ({"where": {"optimizer": "adamw", "point": 1}}, "where: no point has all of these values together"),
        ({"where": {"seed": "one"}}, "where: seed=one is no whole number"),
        ({"where": {"seed": 7}}, "nothing is left: no row of the table is within all that was asked for"),
        ({"where": {"prompt": 0}}, "no column 'prompt' to choose by"),
        ({"rollouts": "3"}, "rollouts: '3' is no range: write A:B, as in 0:10"),
        ({"rollouts": "a:b"}, "rollouts: a is no whole number"),
        ({"rollouts": "-1:3"}, "rollouts: -1 is no whole number"),
        ({"updates": "3:3"}, "updates: 3:3 is empty"),
        ({"rollouts": "5:9"}, "nothing is left"),
        ({"table": "summary", "rollouts": "0:1"}, "rollouts: this table has no rollouts"),
        ({"table": "claims", "updates": "0:1"}, "updates: this table has no updates"),
        ({"table": "claims", "shape": "long"}, "shape: claims have no long shape"),
        ({"table": "claims", "where": {"verdikt": "holds"}}, "did you mean 'verdict'?"),
        ({"columns": ["ratio/maxx"]}, "columns: this table has no column 'ratio/maxx'; did you mean 'ratio/max'?"),
        ({"columns": ["clip/dual"]}, "columns: this table has no column 'clip/dual'"),
        ({"format": "parket"}, "format: unknown: 'parket'; did you mean 'parquet'?"),
        ({"table": "ratio"}, "table: unknown: 'ratio'; did you mean 'ratios'?"),
        ({"shape": "tall"}, "shape: unknown: 'tall'"),
        ({"metric_names": "vrel"}, "metric-names: unknown: 'vrel'; did you mean 'verl'?"),
        ({"metric_names": "trl", "table": "ratios"}, "metric-names: a trainer's metrics are a table of updates"),
        ({"format": "tensorboard", "table": "ratios"}, "table: tensorboard takes updates, not ratios"),
        ({"format": "svg", "table": "ratios"}, "format: svg is of the report's figures, which are no table"),
        ({"format": "png", "where": {"seed": 1}}, "where: figures are of the whole run"),
    ],
)
def test_what_is_not_there_is_said(run, tmp_path, options, sentence):
    with pytest.raises(ExportError) as error:
        export(run, **{"out": tmp_path / "new" / "x", **options})
    assert sentence in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_what_was_found_before_the_run_is_a_column_too(tmp_path):
    path = written(tmp_path / "run")
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["points"]["found"]["1"] = {"optimizer.b1": 0.25, "first_update_kl": 0.5, "to": "adamw"}
    (path / "manifest.json").write_text(json.dumps(manifest))
    frame = exported(analysis.load(path), tmp_path, where={"optimizer.b1": 0.25}, table="ratios")
    assert set(frame["point"]) == {1} and set(frame["optimizer.b1"]) == {0.25}
    assert "first_update_kl" not in frame


def test_a_number_may_be_given_as_it_is_shown():
    rates = [0.1, 0.0135013194, None, 0.0135, 0.2]
    assert holders("rate", rates, "0.0135013") == [1]  # no value is equal, and this one is shown so
    assert holders("rate", rates, 0.0135) == [3]  # one is equal
    assert holders("rate", rates, "none") == [2]
    with pytest.raises(ExportError, match="rate is never '0.19'; the nearest is 0.2"):
        holders("rate", rates, "0.19")


def test_truths_are_no_numbers():
    assert holders("nesterov", [True, False, None], "true") == [0]
    assert holders("nesterov", [True, False, None], False) == [1]
    with pytest.raises(ExportError, match="nesterov is never '1'; there are True, False, none"):
        holders("nesterov", [True, False, None], 1)


def test_without_recorded_tokens_there_are_no_ratios(tmp_path):
    run = analysis.load(written(tmp_path / "run", ratios=False))
    with pytest.raises(ExportError, match=r"no ratios were recorded: the scenario wants \[record\] ratios"):
        export(run, table="ratios")
