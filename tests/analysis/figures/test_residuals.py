"""What is left of the updates without a gradient: points on closed forms."""

import pytest

from analysis.figures.residuals import residuals
from tests.analysis.figures.rows import UPDATES, update
from tests.analysis.made import made_run


def test_residuals_draw_measured_points_on_the_predicted_line():
    training = {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64"}
    claim = {"metric": "residual_update", "predicted": "adam_residual", "tolerance": 1.0}
    points, line = residuals(made_run(UPDATES, claims=[claim], training=training)).drawing.data
    assert (list(points.x), list(points.y)) == ([0, 1], [1.0, 0.5])  # from the last update with a gradient on
    # n = 1, j = 1, (0.9, 0.999): 0.670
    assert list(line.y) == [1.0, pytest.approx(0.670, abs=5e-4)]
    assert residuals(made_run(UPDATES)) is None


def stopping(*tails):
    """A run of one optimizer each, whose updates after the only gradient are these."""
    rows = [
        update(number, 1.0 if number == 1 else 0.0, size, point=point)
        for point, tail in enumerate(tails)
        for number, size in enumerate((1.0, *tail), start=1)
    ]
    claims = [{"metric": "residual_update", "predicted": 1.0}]
    training = {"epochs": 3, "minibatches": 1, "group_size": 4, "precision": "float64"}
    points = [{"optimizer": f"number {point}"} for point in range(len(tails))]
    return made_run(rows, points=points, claims=claims, training=training)


def test_residuals_are_drawn_in_logarithms_where_they_span_decades_and_what_stops_falls_out_below():
    axis = residuals(stopping((0.9, 0.8))).drawing.layout.yaxis
    assert (axis.type, axis.title.text) == (None, "size of the update")
    figure = residuals(stopping((0.9, 0.8), (0.0, 0.0))).drawing
    assert figure.layout.yaxis.type == "log"
    stopped = figure.data[2]
    assert stopped.mode == "lines+markers" and stopped.y[1] < 10 ** figure.layout.yaxis.range[0]
    assert list(stopped.customdata) == [1.0, 0.0, 0.0]  # what a pointer on it shows


def test_more_optimizers_than_colours_are_drawn_in_bundles():
    alike, apart = (0.9, 0.81), (0.5, 0.25)
    figure = residuals(stopping(*[alike] * 8, apart))
    points = figure.drawing.data[::2]
    assert len({trace.marker.color for trace in points}) == 2 and len(points) == 9
    shown = [trace.name.replace("<br>", " ") for trace in points if trace.showlegend]
    assert shown[0].startswith("number 0 · number 1 ·") and shown[0].endswith("more") and shown[1] == "number 8"
    # too many bundles for a legend as well
    figure = residuals(stopping(*[(0.9 - index / 10, 0.5) for index in range(9)]))
    assert figure.drawing.layout.showlegend is False and "a pointer on one shows its name" in figure.reading


def test_the_residuals_give_away_every_point():
    data = residuals(stopping((0.9, 0.8), (0.5, 0.25))).data
    assert data[["label", "j", "measured"]].to_numpy().tolist() == [
        ["number 0", 0, 1.0], ["number 0", 1, 0.9], ["number 0", 2, 0.8],
        ["number 1", 0, 1.0], ["number 1", 1, 0.5], ["number 1", 2, 0.25],
    ]  # fmt: skip


def test_a_claim_about_a_fit_to_residuals_draws_nothing():
    run = stopping((0.9, 0.8))
    (claim,) = run.heading["claim"]
    claim["fit"] = {"kind": "half_life", "over": "j"}
    assert residuals(run) is None
