"""`ratiodrift compare`, on a run that was just made."""

import csv
import json

import pytest

from simulator.cli.main import main
from simulator.runs import run
from tests.small import tables


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return run(tables(), out=tmp_path_factory.mktemp("runs"))


def test_it_prints_a_table(directory, capsys):
    assert main(["compare", str(directory)]) == 0
    text = capsys.readouterr().out
    assert "learning_rate = 0.01" in text and "Δ" in text and max(map(len, text.splitlines())) <= 80


def test_it_prints_what_other_programs_read(directory, capsys):
    assert main(["compare", str(directory), "--format", "json", "--columns", "ratio/max,time_outside"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["column"] for row in rows} == {"ratio/max", "time_outside"} and len(rows) == 4


def test_it_writes_where_it_is_told(directory, tmp_path, capsys):
    out = tmp_path / "table.csv"
    options = ["--format", "csv", "--sort=-return/exact", "--baseline", "learning_rate = 0.1"]
    assert main(["compare", str(directory), *options, "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows] == sorted(
        ("learning_rate = 0.01", "learning_rate = 0.1"), key=lambda label: float(next(
            row["return/exact"] for row in rows if row["variant"] == label
        ))
    )  # fmt: skip


def test_a_page_goes_to_a_file(directory, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", str(directory), "--format", "html"]) == 0
    assert (tmp_path / "compare.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--columns", "ratio/mux"], "--columns: no column 'ratio/mux' was recorded; did you mean 'ratio/max'?"),
        (["--baseline", "learning_rate = 1"], "--baseline: no variant 'learning_rate = 1'; did you mean "),
        (["--format", "cvs"], "--format: unknown 'cvs'; did you mean 'csv'?"),
        (["--format", "csv", "--out", "/"], "/: cannot be written: "),
    ],
)
def test_what_is_wrong_is_refused(directory, options, told, capsys):
    assert main(["compare", str(directory), *options]) == 2
    assert told in capsys.readouterr().err
