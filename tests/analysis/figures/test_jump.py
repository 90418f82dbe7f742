"""The answer to a jump of the reward's scale."""

import pytest

from analysis.figures.jump import jump
from analysis.figures.predicted import predicted_against_measured
from tests.analysis.figures.rows import update
from tests.analysis.made import made_run

CLAIM = {"metric": "jump_response", "predicted": "scale_jump", "tolerance": 1.0}
SCALE = {"kind": "jump", "at": 1, "before": 2.0, "after": 6.0}
RUN = {
    "environment": {"kind": "bandit", "rewards": [[1.0, 0.0]], "reward_scale": SCALE},
    "training": {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64"},
}
SIZES = {(0, 1): 9.0, (0, 2): 2.0, (1, 1): 3.0, (1, 2): 5.0}
ROWS = [update(number, 1.0, size) | {"rollout": rollout} for (rollout, number), size in SIZES.items()]


def test_sizes_after_the_jump_stand_on_their_closed_form():
    figure = jump(made_run(ROWS, claims=[CLAIM], **RUN))
    points, line = figure.drawing.data
    assert (list(points.x), list(points.y)) == ([1, 2], [1.5, 2.5])
    # two updates before, c = 3, (0.9, 0.999): 1 − b1² = 0.19, 1 − b1³ = 0.271; 1 − b2² = 0.001999, 1 − b2³ = 0.002997
    assert line.y[0] == pytest.approx((0.171 + 0.3) / 0.271 * (0.002997001 / (0.001997001 + 0.009)) ** 0.5, rel=1e-9)
    assert figure.data[["j", "measured"]].to_numpy().tolist() == [[1, 1.5], [2, 2.5]]


def test_it_is_for_claims_about_the_answer_alone_and_not_drawn_again():
    assert jump(made_run(ROWS, **RUN)) is None
    assert jump(made_run(ROWS, claims=[CLAIM | {"predicted": 2.0}], **RUN)) is None
    assert predicted_against_measured(made_run(ROWS, claims=[CLAIM], **RUN)) is None
