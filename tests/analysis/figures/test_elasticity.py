"""Measured slopes on the curve of their closed form."""

import numpy as np
import pytest

from analysis.figures.elasticity import elasticity
from analysis.figures.predicted import predicted_against_measured
from tests.analysis.figures.rows import update
from tests.analysis.made import ADAM, made_run

LOCAL = {"metric": "local_elasticity", "predicted": "adam_elasticity", "tolerance": 1.0}


def test_measured_slopes_stand_on_the_predicted_curve_over_the_scale():
    points = [
        {"optimizer.eps": eps, "environment.reward_scale": scale, "experiment": {"optimizer": ADAM | {"eps": eps}}}
        for eps in (1.0, 4.0)
        for scale in (1.0, 4.0, 16.0)
    ]
    # four logits, gradients of 1, 4, 16: 1 and 4 a logit halfway; κ/(1 + κ) is 1/2, 1/5 for eps = 1 and 4/5, 1/2 for 4
    rows = [update(1, (1.0, 4.0, 16.0)[point % 3], size, point=point)
            for point, size in enumerate((1.0, 2.0, 2.0, 1.0, 4.0, 8.0))]  # fmt: skip
    drawn = elasticity(made_run(rows, points=points, claims=[LOCAL])).drawing.data
    assert [trace.name for trace in drawn if trace.mode == "markers"] == ["eps = 1", "eps = 4"]
    assert [list(trace.x) for trace in drawn] == [[pytest.approx(2.0), pytest.approx(8.0)]] * 4
    measured = [list(trace.y) for trace in drawn if trace.mode == "markers"]
    predicted = [list(trace.y) for trace in drawn if trace.mode == "lines"]
    np.testing.assert_allclose(measured, [[0.5, 0.0], [1.0, 0.5]], atol=1e-12)
    np.testing.assert_allclose(predicted, [[1 / 2, 1 / 5], [4 / 5, 1 / 2]])


def test_slopes_are_drawn_for_claims_about_them_alone():
    points = [{"environment.reward_scale": scale} for scale in (1.0, 10.0, 100.0, 1000.0)]
    rows = [update(1, 1.0, 1.0, point=point) for point in range(4)]
    assert elasticity(made_run(rows, points=points, claims=[LOCAL])) is not None
    assert elasticity(made_run(rows, points=points, claims=[LOCAL | {"predicted": 0.0}])) is None  # no curve
    assert elasticity(made_run(rows, points=points)) is None
    assert predicted_against_measured(made_run(rows, points=points, claims=[LOCAL])) is None


def test_slopes_are_given_away_with_their_prediction():
    points = [{"environment.reward_scale": scale} for scale in (1.0, 4.0, 16.0)]
    rows = [update(1, 1.0, size, point=point) for point, size in enumerate((1.0, 2.0, 8.0))]
    data = elasticity(made_run(rows, points=points, claims=[LOCAL])).data
    assert data["scale"].tolist() == [pytest.approx(2.0), pytest.approx(8.0)]
    assert data["measured"].tolist() == [pytest.approx(0.5), pytest.approx(1.0)]  # ln 2/ln 4, ln 4/ln 4
