"""Rows, their verdicts, the file that keeps them, the tables made of it."""

import json

import numpy as np
import pytest

from benchmarks import results, tables
from benchmarks.results import Found, Row, row
from benchmarks.suites import NAMES
from docs.generate import ROOT


@pytest.mark.parametrize(
    ("relation", "value", "verdict"),
    [
        ("at least", 10.0, "holds"),
        ("at least", 6.0, "below"),
        ("at least", 5.9, "missed"),
        ("at most", 10.0, "holds"),
        ("at most", 16.0, "below"),
        ("at most", 17.0, "missed"),
        ("exactly", 10, "holds"),
        ("exactly", 9, "missed"),
        ("at least", None, "missed"),
    ],
)
def test_a_goal_holds_or_is_missed_by_noise_or_by_more(relation, value, verdict):
    assert Row("", value, relation=relation, goal=10).verdict == verdict


def test_without_a_goal_there_is_no_verdict():
    assert row("speed", [3.0, 1.0, 2.0]) == Row("speed", 2.0, low=1.0, high=3.0)
    assert row("speed", [3.0]).verdict == ""


def found(value):
    return results.plain(Found([Row("x", value)], {"all": {"seconds_per_update": {"a": np.array([1 / 3])}}}))


def test_other_suites_stay_while_the_machine_is_the_same(tmp_path):
    file = tmp_path / "results.json"
    results.keep({"peers": found(1.0)}, {"cpu": "one"}, file)
    results.keep({"trl": found(2.0)}, {"cpu": "one"}, file)
    assert set(results.read(file)["suites"]) == {"peers", "trl"}
    results.keep({"disk": found(3.0)}, {"cpu": "another"}, file)
    assert set(results.read(file)["suites"]) == {"disk"}
    assert json.loads(file.read_text())["suites"]["disk"]["raw"]["all"]["seconds_per_update"]["a"] == [0.3333]


def test_a_table_has_a_column_for_each_size_and_hides_no_miss():
    rows = [
        Row("against: NumPy", 640.0, size="small", low=600.0, high=700.0, unit="×", relation="at least", goal=600),
        Row("against: NumPy", 3.0, size="medium", unit="×", relation="at least", goal=14),
        Row("updates a second: NumPy", 12345.0, size="small"),
    ]
    kept = {"suites": {"peers": results.plain(Found(rows, {"small": {"steady": False}}, ["Mind the gap."]))}}
    assert tables.suite("peers", kept).splitlines() == [
        "| against | small | medium |",
        "| --- | --- | --- |",
        "| NumPy | 640 × (600 to 700), ≥ 600: holds | 3 ×, ≥ 14: **missed** |",
        "",
        "| updates a second | small | medium |",
        "| --- | --- | --- |",
        "| NumPy | 12,300 |  |",
        "",
        "Mind the gap.",
        "",
        "The ratios scattered in every set of rounds that was made: small.",
    ]


def test_what_was_not_measured_is_said():
    assert tables.suite("peers", {"suites": {}}) == "Not measured yet: `make bench`."
    assert "not measured, ≥ 3: **missed**" in tables.cell(Row("x", None, relation="at least", goal=3))


def test_every_suite_has_its_table_in_the_documents():
    text = (ROOT / "docs" / "performance.md").read_text()
    assert all(f"<!-- generated: benchmark_{name} -->" in text for name in NAMES)
    assert all((ROOT / "benchmarks" / "suites" / f"{name}.py").is_file() for name in NAMES)
