"""The push on a shared prefix against the covariance that makes it."""

import pytest

from analysis.figures.predicted import predicted_against_measured
from analysis.figures.prefix_covariance import prefix_covariance
from tests.analysis.figures.rows import UPDATES, update
from tests.analysis.made import made_run


def lengths(point, *groups, seed=0):
    """First updates whose groups have completions of these (length, advantage), a rollout a group."""
    return [
        {"point": point, "seed": seed, "rollout": rollout, "update": 1, "prompt": 0, "completion": completion,
         "position": position, "token": 1, "advantage": advantage, "log_ratio": 0.0, "reward": 0.0}
        for rollout, group in enumerate(groups)
        for completion, (length, advantage) in enumerate(group)
        for position in range(length)
    ]  # fmt: skip


GROUPS = [((1, 1.5), (3, -1.5)), ((2, 1.0), (2, -1.0)), ((4, 1.0), (1, -1.0))]
WEIGHTS = (0.5, 0.0, -0.4)
PUSHED = [update(1, 1.0) | {"rollout": rollout, "prefix/weight": weight} for rollout, weight in enumerate(WEIGHTS)]
CLAIM = {"metric": "prefix_weight_at_start", "predicted": "group_covariance", "tolerance": 1e-9}


def test_each_rollout_is_a_point_at_its_covariance():
    figure = prefix_covariance(made_run(PUSHED, ratios=lengths(0, *GROUPS)))
    diagonal, points = figure.drawing.data
    # ω = 1/(2 L): 1.5/2 − 1.5/6 = 0.5; 1/4 − 1/4 = 0; 1/8 − 1/2 = −0.375
    assert list(points.x) == [pytest.approx(0.5), pytest.approx(0.0), pytest.approx(-0.375)]
    assert list(points.y) == [0.5, 0.0, -0.4]
    assert list(diagonal.x) == list(diagonal.y) == [-0.4, pytest.approx(0.5)]
    assert figure.data[["rollout", "measured"]].to_numpy().tolist() == [[0, 0.5], [1, 0.0], [2, -0.4]]


def test_what_is_drawn_here_is_not_drawn_again():
    run = made_run(PUSHED, ratios=lengths(0, *GROUPS), claims=[CLAIM])
    assert prefix_covariance(run) is not None and predicted_against_measured(run) is None


def test_it_needs_recorded_ratios_and_a_shared_prefix():
    assert prefix_covariance(made_run(PUSHED)) is None
    assert prefix_covariance(made_run(UPDATES, ratios=lengths(0, GROUPS[0]))) is None
