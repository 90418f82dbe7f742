"""Of many points the extremes are shown, and it is said how many are between."""

import numpy as np
import pandas as pd
import pytest

from analysis.excerpt import excerpt, thinned
from analysis.figures.comparison import MAX_CURVES, MAX_DOTS, comparison
from analysis.summary import summarize
from tests.analysis.made import made_run


def test_few_rows_are_all_shown_in_their_order():
    rows = pd.DataFrame({"x": [3.0, 1.0, 2.0]})
    shown, rest = excerpt(rows, "x", 3)
    assert shown["x"].tolist() == [3, 1, 2] and rest == ""


def test_of_many_rows_the_smallest_and_the_largest_are_shown():
    rows = pd.DataFrame({"x": np.random.default_rng(0).permutation(1000).astype(float)})
    shown, rest = excerpt(rows, "x", 5)
    assert shown["x"].tolist() == [0, 1, 2, 998, 999]
    assert rest == "… and 995 more points in summary.parquet, between these in x"


@pytest.mark.parametrize("metric", ["x", "y"])
def test_where_the_metric_is_undefined_the_first_ones_are_shown(metric):
    rows = pd.DataFrame({"x": [np.nan] * 9 + [1.0]})
    shown, rest = excerpt(rows, metric, 4)
    assert shown.index.tolist() == [0, 1, 2, 3] and rest == "… and 6 more points in summary.parquet"


@pytest.mark.parametrize(("count", "most"), [(0, 5), (5, 5), (6, 5), (99, 10), (10_000, 24)])
def test_thinned_begins_with_the_first_and_never_exceeds_what_fits(count, most):
    found = list(thinned(count, most))
    assert len(found) <= most and found[:1] == list(range(count))[:1] and (count > most or len(found) == count)


def drawn(points):
    rows = [
        {"point": number, "seed": seed, "rollout": 0, "update": 1, "ratio/max": 1.0 + number + seed}
        for number in range(len(points))
        for seed in (0, 1)
    ]
    run = made_run(rows, points=points)
    run.__dict__["summary"] = summarize(run)
    return comparison(run)


def test_a_comparison_of_many_variants_shows_the_extremes_and_says_so():
    figure = drawn([{"optimizer": f"number {number}"} for number in range(200)])
    (dots,) = figure.drawing.data
    assert len(dots.x) == MAX_DOTS and max(dots.x) == 200.5
    assert figure.reading.endswith("… and 140 more points in summary.parquet, between these in ratio/max.")


def test_a_comparison_of_many_curves_draws_some_of_them_and_says_so():
    points = [{"optimizer": f"number {n}", "optimizer.b1": b1} for n in range(60) for b1 in (0.1, 0.2, 0.3)]
    figure = drawn(points)
    assert len(figure.drawing.data) == 20 <= MAX_CURVES
    assert figure.reading.endswith("40 more curves are in the tables.")
