"""`ratiodrift brake` as a user meets it: the table, the page, the files, and what is refused."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from analysis.braking.text import distance, short
from analysis.figures.bundles import bundles, label, spread
from simulator.cli.main import main

SHORT = ("--updates", "8", "--horizon", "40", "--no-cache")
THREE = ("lion", "sgd", "adam")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_the_table_says_who_stops_who_coasts_and_who_does_not(here, capsys):
    assert main(["brake", *THREE, "lbfgs", *SHORT]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    order = ["1 stops at once", "sgd", "1 coasts", "adam", "1 does not stop", "lion", "not measured: lbfgs: its line"]
    assert [shown.index(text) for text in order] == sorted(shown.index(text) for text in order)
    # adam's measured and predicted distance, in one row, from the formula's sheet: 0.900 after many, 0.845 after four
    row = next(line for line in shown.splitlines() if line.strip().startswith("adam "))
    measured, predicted = re.findall(r">[\d.]+", row)[:2]
    assert measured == predicted
    assert "3 closed forms give every residual update" in " ".join(shown.split())
    assert sorted(path.name for path in (here / "runs" / "brake").iterdir()) == [
        "brake.html", "brake.parquet", "curves.parquet",
    ]  # fmt: skip


def test_the_files_hold_what_was_measured_beside_what_was_predicted(here, capsys):
    assert main(["brake", *THREE, *SHORT, "--out", "elsewhere", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["updates"], told["cold"], told["horizon"]) == (8, 4, 40)
    table = pd.read_parquet("elsewhere/brake.parquet")
    assert len(table) == len(told["optimizers"]) == 3 * 4
    lion = next(row for row in told["optimizers"] if row["optimizer"] == "lion")
    assert (lion["behaviour"], lion["distance"], lion["travelled"]) == ("does not stop", None, 40.0)
    curves = pd.read_parquet("elsewhere/curves.parquet")
    assert set(curves["curve"]) == {
        "residual, steady, constant", "residual, cold, constant", "residual, steady, noisy", "residual, cold, noisy",
        "elasticity of the first update", "elasticity of the last update",
    }  # fmt: skip
    constant = curves[curves["curve"].str.contains("constant")]
    np.testing.assert_allclose(constant["measured"], constant["predicted"], atol=1e-6)


def test_the_page_is_self_contained_and_names_every_optimizer(here):
    main(["brake", *THREE, "dpsgd", *SHORT])
    page = (here / "runs/brake/brake.html").read_text()
    text = page[page.index("<main>") :]
    assert text.count("<figure>") == 4
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]+src=", text)
    for said in (*THREE, "dpsgd", "not measured: it needs one gradient an example", "ratiodrift", "optax"):
        assert said in text


def test_keywords_are_set_for_all_that_have_them(here, capsys):
    assert main(["brake", "adam", *SHORT, "--set", "optimizer.b1=0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["behaviour"] for row in told["optimizers"]} == {"stops at once"}
    # galore alone has a rank: without a name, what has the keyword is measured
    assert main(["brake", *SHORT, "--set", "update_proj_gap=200", "--json"]) == 0
    assert {row["optimizer"] for row in json.loads(capsys.readouterr().out)["optimizers"]} == {"galore"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adm"], "brake: there is no optimizer 'adm'; did you mean 'adam'?"),
        (["adam", "--set", "b3=0.5"], "brake: adam.b3: adam has no parameter 'b3'; did you mean"),
        (["adam", "--set", "b1=1.5"], "brake: adam.b1: must be < 1, got 1.5"),
        (["--set", "nothing=1"], "brake: --set: no optimizer has the keywords nothing"),
        (["adam", "--horizon", "20"], "brake: --horizon: must be >= 40, got 20"),
        (["adam", "--updates", "0"], "brake: --updates: must be >= 1, got 0"),
        (["adam", "--out", "taken"], "taken: cannot be written"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(here, capsys, arguments, message):
    (here / "taken").write_text("")
    assert main(["brake", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["taken"]


def test_numbers_are_short():
    told = [distance(9.1359), distance(62.36, whole=False), distance(np.inf, whole=False), distance(np.nan), short(0.9)]
    assert told == ["9.14", ">62.4", "∞", "–", "0.900"]
    assert [short(value) for value in (0.99999, 4e-4, 1397.7, -1.0)] == ["1.00", "0", "1398", "-1.00"]


def test_curves_that_run_together_are_one_bundle():
    curves = {"a": np.array([1.0, 1.0]), "b": np.array([2.0, 2.0]), "c": np.array([1.0, 1.1])}
    assert bundles(curves, lambda one, other: np.abs(one - other).max() > 0.2) == [["a", "c"], ["b"]]
    assert label(["adam", "rmsprop"]) == "adam, rmsprop"
    assert label(["optimistic_adam", "optimistic_adam_v2", "adam"]) == "adam, optimistic_adam and 1 more"


def test_labels_make_room_for_each_other_and_keep_their_order():
    placed = spread([1.0, 1.0, 5.0, 0.9], 0.5)
    assert placed[3] < placed[0] < placed[1] < placed[2]
    assert np.diff(np.sort(placed)).min() > 0.49
    assert placed[2] == 5.0
