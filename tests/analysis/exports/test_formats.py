"""Every format is read back, by the tools that people read it with, as what was written into the run's tables."""

import csv
import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import analysis
from analysis.exports import ExportError, export
from tests.analysis.exports.folder import METRICS, token_rows, update_rows, written

IDS = ["point", "seed", "rollout", "update", "optimizer", "optimizer.learning_rate", "label"]
APPLYING = [name for name in METRICS if name != "clip/dual"]
TOKEN_IDS = [*IDS[:4], "prompt", "completion", "position", "token", "reward", "advantage", *IDS[4:]]
VALUES = {"updates": APPLYING, "ratios": ["log_ratio", "clip_active"]}


def expected(table: str, shape: str) -> list[dict]:
    """The rows, with None for what is no number; columns in their order."""
    rows, ids = (update_rows(), IDS) if table == "updates" else (token_rows(), TOKEN_IDS)
    wide = [
        {name: None if is_nan(row[name]) else row[name] for name in [*ids, *VALUES[table]]} for row in rows
    ]  # clip/dual applies to no point: it is no column
    if shape == "wide":
        return wide
    return [
        {**{key: row[key] for key in ids}, "metric": name, "value": float(row[name])}
        for row in wide
        for name in VALUES[table]
        if row[name] is not None
    ]


def is_nan(value) -> bool:
    return isinstance(value, float) and math.isnan(value)


def same(found: pd.DataFrame, rows: list[dict]) -> None:
    """Equal, exactly, whatever stands for what is no number, and with numbers of either precision."""
    assert list(found.columns) == list(rows[0])
    assert len(found) == len(rows)
    for name in found.columns:
        wanted = [row[name] for row in rows]
        values = [None if value is None or is_nan(value) else value for value in found[name].tolist()]
        assert values == wanted, name


BOTH = [(table, shape) for table in ("updates", "ratios") for shape in ("wide", "long")]


@pytest.mark.parametrize(("table", "shape"), BOTH)
def test_parquet_by_pandas_and_pyarrow(run, tmp_path, table, shape):
    path = export(run, "parquet", table, shape, out=tmp_path / "x.parquet")
    same(pd.read_parquet(path), expected(table, shape))
    assert pq.read_table(path).to_pylist() == expected(table, shape)


@pytest.mark.parametrize(("table", "shape"), BOTH)
def test_arrow_by_pyarrow_and_pandas(run, tmp_path, table, shape):
    path = export(run, "arrow", table, shape, out=tmp_path / "x.arrow")
    with pa.ipc.open_file(path) as file:
        assert file.read_all().to_pylist() == expected(table, shape)
    same(pd.read_feather(path), expected(table, shape))


@pytest.mark.parametrize(("table", "shape"), BOTH)
def test_csv_by_pandas(run, tmp_path, table, shape):
    path = export(run, "csv", table, shape, out=tmp_path / "x.csv")
    single = {"log_ratio": np.float32} if table == "ratios" and shape == "wide" else {}
    single |= {"value": np.float32} if table == "ratios" and shape == "long" else {}
    same(pd.read_csv(path, dtype=single), expected(table, shape))


@pytest.mark.parametrize(("table", "shape"), BOTH)
def test_csv_by_the_standard_library(run, tmp_path, table, shape):
    path = export(run, "csv", table, shape, out=tmp_path / "x.csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for found, wanted in zip(rows, expected(table, shape), strict=True):
        assert list(found) == list(wanted)
        for name, value in wanted.items():
            if value is None:
                assert found[name] == ""
            elif isinstance(value, bool):
                assert found[name] == str(value).lower()
            elif isinstance(value, str):
                assert found[name] == value
            elif table == "ratios" and name in ("log_ratio", "value"):  # kept in single precision, written as such
                assert np.float32(found[name]) == np.float32(value)
            else:
                assert float(found[name]) == value


@pytest.mark.parametrize(("table", "shape"), BOTH)
def test_jsonl_by_json(run, tmp_path, table, shape):
    path = export(run, "jsonl", table, shape, out=tmp_path / "x.jsonl")
    rows = [json.loads(line, parse_constant=pytest.fail) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        for name in ("log_ratio", "value") if table == "ratios" else ():
            if row.get(name) is not None:
                row[name] = float(np.float32(row[name]))
    wanted = [
        {name: None if value == math.inf else value for name, value in row.items()} for row in expected(table, shape)
    ]
    assert rows == wanted
    assert [list(row) for row in rows] == [list(row) for row in wanted]


def test_jsonl_by_pandas(run, tmp_path):
    path = export(run, "jsonl", "updates", out=tmp_path / "x.jsonl")
    found = pd.read_json(path, lines=True, precise_float=True)
    wanted = expected("updates", "wide")
    for name in ("label", "entropy", "grad/norm", "update"):
        assert found[name].tolist() == [row[name] for row in wanted]
    assert found["ratio/max"].isna().tolist() == [row["ratio/max"] == math.inf for row in wanted]


@pytest.mark.parametrize(("table", "shape"), BOTH)
def test_npz_by_numpy(run, tmp_path, table, shape):
    path = export(run, "npz", table, shape, out=tmp_path / "x.npz")
    rows = expected(table, shape)
    with np.load(path) as arrays:
        for name in rows[0]:
            wanted = [row[name] for row in rows]
            if isinstance(wanted[0], str):
                assert arrays[f"{name}:texts"][arrays[name]].tolist() == wanted
            else:
                np.testing.assert_array_equal(arrays[name], [np.nan if value is None else value for value in wanted])
        assert {name.removesuffix(":texts") for name in arrays.files} == set(rows[0])


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_columns_keep_their_types(run, tmp_path, format):
    path = export(run, format, "ratios", out=tmp_path / f"x.{format}")
    found = pq.read_schema(path) if format == "parquet" else pa.ipc.open_file(path).schema
    assert found.field("point").type == pa.int32()
    assert found.field("log_ratio").type == pa.float32()
    assert found.field("clip_active").type == pa.bool_()
    assert found.field("optimizer.learning_rate").type == pa.float64()


def test_readings_are_a_row_a_point_and_seed(run, tmp_path):
    frame = pd.read_parquet(export(run, table="readings", out=tmp_path / "x.parquet"))
    assert frame[["point", "seed"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    # grad/norm of point 0, seed 0: 1/number of 1, 2, 3, 11, 12, 13; the mean over its updates
    assert frame["grad/norm"][0] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 11 + 1 / 12 + 1 / 13) / 6, abs=1e-15)
    assert "clip/dual" not in frame


def test_a_summary_has_its_intervals_in_either_shape(run, tmp_path):
    wide = pd.read_csv(export(run, "csv", "summary", out=tmp_path / "wide.csv", columns=["entropy"]))
    assert list(wide.columns) == ["point", *IDS[4:], "seeds", "entropy", "entropy:low", "entropy:high"]
    assert wide["entropy:high"].tolist() == [2.0, 3.0]
    long = pd.read_csv(export(run, "csv", "summary", "long", out=tmp_path / "long.csv"))
    assert list(long.columns) == ["point", *IDS[4:], "seeds", "metric", "value", "low", "high"]
    row = long[(long["metric"] == "entropy") & (long["point"] == 1)].iloc[0]
    assert row[["value", "low", "high"]].tolist() == [2.5, 2.0, 3.0]
    assert "ratio/max" not in set(long["metric"])  # which is no number here


def test_claims_are_a_row_each_with_tables_as_json(run, tmp_path):
    frame = pd.read_csv(export(run, "csv", "claims", out=tmp_path / "x.csv"))
    assert frame["says"].tolist() == ["It is so", 'Ümläut, "so"']
    assert [json.loads(text) for text in frame["where"]] == [{}, {"optimizer": "adamw"}]
    assert frame["predicted"].tolist()[0] == 1.5 and math.isnan(frame["predicted"][1])
    some = pd.read_csv(export(run, "csv", "claims", where={"verdict": "holds"}, out=tmp_path / "y.csv"))
    assert some["metric"].tolist() == ["entropy"]


def test_a_scenario_without_claims_has_no_table_of_them(tmp_path):
    path = written(tmp_path / "run")
    (path / "claims.json").write_text("[]")
    with pytest.raises(ExportError, match="table: the scenario makes no claims"):
        export(analysis.load(path), table="claims")


def test_frames_in_memory_are_exported_like_files(run, tmp_path):
    from dataclasses import replace

    again = replace(run)
    assert len(again.updates) == 24  # from here on its tables are frames
    frame = pd.read_parquet(export(again, table="updates", out=tmp_path / "x.parquet"))
    same(frame, expected("updates", "wide"))
