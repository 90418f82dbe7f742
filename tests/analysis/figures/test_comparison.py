"""The headline, variant by variant or over an axis, with what claims say of it."""

import numpy as np
import pytest

from analysis.figures.comparison import comparison
from tests.analysis.figures.rows import update, with_summary
from tests.analysis.made import made_run


def test_the_comparison_is_a_curve_over_an_axis_and_dots_without_one():
    scales = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(6)]
    curves = comparison(with_summary(made_run(rows, points=scales))).drawing
    assert [(list(curve.x), list(curve.y)) for curve in curves.data] == [
        ([0.1, 1.0, 10.0], [1.0, 2.0, 3.0]),
        ([0.1, 1.0, 10.0], [4.0, 5.0, 6.0]),
    ]
    assert curves.layout.xaxis.type == "log"
    (dots,) = comparison(with_summary(made_run(rows[:2], points=[{"method": "a"}, {"method": "b"}]))).drawing.data
    assert (list(dots.y), list(dots.x)) == (["b", "a"], [2.0, 1.0])


def test_an_undefined_headline_is_not_drawn():
    rows = [update(1, 1.0, ratio=np.nan)]
    assert comparison(with_summary(made_run(rows))) is None


def test_a_variant_without_the_axis_is_left_out_of_its_curves():
    points = [{"optimizer": "sgd", "optimizer.momentum": value} for value in (0.0, 0.5, 0.9)] + [{"optimizer": "adam"}]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(4)]
    (curve,) = comparison(with_summary(made_run(rows, points=points))).drawing.data
    assert list(curve.y) == [1.0, 2.0, 3.0]


def test_an_axis_of_texts_names_its_curves():
    points = [{"optimizer.state": state, "optimizer.b1": b1} for state in ("keep", "reset") for b1 in (0.0, 0.5, 0.9)]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(6)]
    curves = comparison(with_summary(made_run(rows, points=points))).drawing.data
    assert [curve.name for curve in curves] == ["state = keep", "state = reset"]


def test_the_comparison_gives_away_means_and_intervals():
    rows = [update(1, 1.0, ratio=ratio) | {"seed": seed} for seed, ratio in enumerate((1.2, 1.4))]
    data = comparison(with_summary(made_run(rows, points=[{"method": "a"}]))).data
    # t for one degree of freedom is 12.7062; s = 0.2/√2, so the half width is 12.7062 · 0.2/2
    assert data[["label", "seeds", "ratio/max"]].to_numpy().tolist() == [["a", 2, pytest.approx(1.3)]]
    assert data["ratio/max:low"].item() == pytest.approx(1.3 - 1.27062, abs=1e-5)


def test_what_claims_say_of_the_headline_is_drawn_beside_it():
    claims = [
        {"metric": "ratio/max", "predicted": 1.5, "where": {"method": "a"}},
        {"metric": "ratio/max", "predicted": 1.1, "relation": "at_least", "where": {"method": "b"}},
        {"metric": "ratio/max", "predicted": 0.3, "against": {"method": "a"}},  # a difference has no place here
        {"metric": "ratio/max", "predicted": "positive"},  # nor has a sign
    ]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(2)]
    figure = comparison(with_summary(made_run(rows, points=[{"method": "a"}, {"method": "b"}], claims=claims)))
    _, equal, least = figure.drawing.data
    assert (list(equal.x), list(equal.y), equal.marker.symbol) == ([1.5], ["a"], "line-ns")
    assert (list(least.x), list(least.y), least.marker.symbol) == ([1.1], ["b"], "triangle-right-open")
    assert figure.reading.endswith("In grey is what claims predict: │ this value, ▷ at least this.")
    assert figure.data["claimed: this value"].tolist()[0] == 1.5


def test_a_closed_form_of_the_headline_is_a_line_over_the_axis():
    points = [{"method.clip_low": width} for width in (0.1, 0.2, 0.3)]
    points = [
        point | {"experiment": {"surrogate": {
            "advantage": {"kind": "group_mean"}, "reduction": {"kind": "sequence_mean"},
            "gate": {"kind": "clip", "clip_low": point["method.clip_low"], "clip_high": 0.2}}}}
        for point in points
    ]  # fmt: skip
    rows = [update(1, 1.0, point=point, ratio=1.5) for point in range(3)]
    claim = {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0}
    _, line = comparison(with_summary(made_run(rows, points=points, claims=[claim]))).drawing.data
    # one of four equal arms is rewarded: 1 + clip_low · 3
    assert (line.mode, list(line.x)) == ("lines", [0.1, 0.2, 0.3])
    np.testing.assert_allclose(line.y, [1.3, 1.6, 1.9])
