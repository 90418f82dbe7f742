"""Figures hold the numbers that they claim to, and are left out where the data do not support them."""

import numpy as np
import pytest

from analysis.figures.comparison import comparison
from analysis.figures.predicted import predicted_against_measured
from analysis.figures.ratio_fan import fan, ratio_fan
from analysis.figures.residuals import residuals
from analysis.figures.style import variants
from analysis.summary import summarize
from tests.analysis.made import made_run


def token(update, completion, advantage, ratio, point=0, prompt=0):
    row = {"point": point, "seed": 0, "rollout": 0, "update": update, "prompt": prompt, "completion": completion}
    return row | {"position": 0, "token": 1, "advantage": advantage, "log_ratio": np.log(ratio)}


def update(number, grad, size=1.0, point=0, ratio=1.0):
    row = {"point": point, "seed": 0, "rollout": 0, "update": number, "ratio/max": ratio}
    return row | {"grad/norm": grad, "update/norm": size, "diverged": 0.0}


RATIOS = [
    token(1, 0, 1.0, 1.1), token(1, 1, 1.0, 1.3), token(1, 2, -1.0, 0.9),
    token(2, 0, 1.0, 1.2), token(2, 1, 1.0, 1.6), token(2, 2, -1.0, 0.7),
]  # fmt: skip
UPDATES = [update(1, 1.0, 2.0, ratio=1.3), update(2, 0.0, 1.0, ratio=1.6)]


def with_summary(run):
    run.__dict__["summary"] = summarize(run)
    return run


def test_the_fan_begins_at_one_and_draws_the_median():
    run = made_run(UPDATES, ratios=RATIOS)
    lines = fan(run.ratios[run.ratios["advantage"] > 0])
    # medians of (1.1, 1.3) and (1.2, 1.6); quantiles of log-ratios, so geometric between the two
    np.testing.assert_allclose(lines[0.5], [1.0, np.sqrt(1.1 * 1.3), np.sqrt(1.2 * 1.6)])


def test_the_fan_marks_the_last_gradient_and_shades_the_band():
    drawing = ratio_fan(made_run(UPDATES, ratios=RATIOS)).drawing
    (mark,) = [trace for trace in drawing.data if trace.mode == "markers"]
    assert list(mark.x) == [1]
    (band,) = [shape for shape in drawing.layout.shapes if shape.type == "rect"]
    assert (band.y0, band.y1) == (0.8, 1.2)


def test_the_fan_needs_recorded_ratios_and_more_than_one_update():
    assert ratio_fan(made_run(UPDATES)) is None
    assert ratio_fan(made_run(UPDATES[:1], ratios=RATIOS[:3])) is None


def test_residuals_draw_measured_points_on_the_predicted_line():
    training = {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64"}
    claim = {"metric": "residual_update", "predicted": "adam_residual", "tolerance": 1.0}
    line, points = residuals(made_run(UPDATES, claims=[claim], training=training)).drawing.data
    assert (list(points.x), list(points.y)) == ([1], [0.5])
    # n = 1, j = 1, (0.9, 0.999): 0.670
    assert line.y[0] == pytest.approx(0.670, abs=5e-4)
    assert residuals(made_run(UPDATES)) is None


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


def test_predicted_against_measured_has_a_point_a_case():
    points = [{"method.clip_low": width} for width in (0.1, 0.2, 0.3)]
    rows = [update(1, 1.0, point=point, ratio=value) for point, value in enumerate((1.5, 1.6, 1.7))]
    claim = {"metric": "ratio/max", "predicted": "memoryless_limit", "tolerance": 1.0}
    *cases, diagonal = predicted_against_measured(made_run(rows, points=points, claims=[claim])).drawing.data
    assert [case.y[0] for case in cases] == [1.5, 1.6, 1.7]
    assert list(diagonal.x) == list(diagonal.y)


def test_compared_parts_have_colours_and_axes_make_panels():
    points = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    kinds = variants(made_run(UPDATES, points=points))
    assert kinds.colours == ["a", "b"]
    assert kinds.panels == ["reward_scale = 0.1", "reward_scale = 1", "reward_scale = 10"]
    assert kinds.colour_of == [0, 0, 0, 1, 1, 1]


def test_a_variant_without_the_axis_is_left_out_of_its_curves():
    points = [{"optimizer": "sgd", "optimizer.momentum": value} for value in (0.0, 0.5, 0.9)] + [{"optimizer": "adam"}]
    rows = [update(1, 1.0, point=point, ratio=1.0 + point) for point in range(4)]
    (curve,) = comparison(with_summary(made_run(rows, points=points))).drawing.data
    assert list(curve.y) == [1.0, 2.0, 3.0]
