"""One group, token by token."""

import numpy as np
import pytest

from analysis.figures.token_heat import token_heat
from tests.analysis.figures.rows import UPDATES, token, update
from tests.analysis.made import made_run

LARGER = [update(number, 1.0, point=1, ratio=2.0) for number in (1, 2)]
GROUP = [
    token(1, 0, 0.5, 1.1), token(1, 1, -0.5, 0.9),
    token(2, 0, 0.5, 1.3), token(2, 1, -0.5, 0.85),
]  # fmt: skip
TWO = [{"optimizer": "sgd"}, {"optimizer": "lion"}]


def run_of(group, **others):
    """Two variants: of the second, which has the larger ratio, the log-ratios are twice as large."""
    ratios = group + [row | {"point": 1, "log_ratio": 2 * row["log_ratio"]} for row in group]
    return made_run(UPDATES + LARGER, ratios=ratios, points=TWO, **others)


def test_rows_are_tokens_and_columns_updates_of_the_variant_with_the_largest_ratio():
    figure = token_heat(run_of(GROUP))
    cells = figure.drawing.data[0]
    assert list(cells.y) == ["completion 0: token 1, A = +0.5", "completion 1: token 1, A = −0.5"]
    assert list(cells.x) == [1, 2]
    np.testing.assert_allclose(cells.z, 2 * np.log([[1.1, 1.3], [0.9, 0.85]]), atol=1e-5)
    assert cells.zmin == -cells.zmax and cells.zmax == pytest.approx(2 * np.log(1.3))
    assert "One group of lion" in figure.reading and "seed 0, rollout 0, prompt 0" in figure.reading


def test_tokens_beyond_the_bound_of_their_advantage_are_marked():
    figure = token_heat(run_of(GROUP))
    marks = figure.drawing.data[1]
    # 1.1² = 1.21 and 1.3² are above 1.2; 0.9² = 0.81 is not below 0.8, 0.85² is
    found = sorted(zip(marks.x, marks.y, strict=True))
    good, bad = figure.drawing.data[0].y
    assert found == [(1, good), (2, good), (2, bad)]
    assert figure.data["beyond the bound"].tolist() == [True, True, False, True]


def test_the_first_seed_rollout_and_prompt_are_drawn():
    others = [row | {key: 1} for key in ("seed", "rollout", "prompt") for row in GROUP]
    figure = token_heat(run_of(GROUP + [row | {"log_ratio": 9.0} for row in others]))
    assert len(figure.data) == 4 and figure.data["log_ratio"].max() == pytest.approx(2 * np.log(1.3))


def test_positions_are_named_where_there_are_several():
    longer = GROUP + [row | {"position": 1} for row in GROUP]
    cells = token_heat(run_of(longer)).drawing.data[0]
    assert cells.y[1] == "completion 0, position 1: token 1, A = +0.5" and len(cells.y) == 4


def test_without_a_clip_nothing_is_marked():
    surrogate = {"gate": {"kind": "ratio"}, "advantage": {"kind": "group_mean"}}
    figure = token_heat(run_of(GROUP, surrogate=surrogate))
    assert len(figure.drawing.data) == 1 and "beyond" not in figure.reading and "beyond the bound" not in figure.data


def test_more_tokens_than_rows_are_counted():
    many = [token(number, completion, 0.5, 1.1) for completion in range(50) for number in (1, 2)]
    figure = token_heat(run_of(many))
    assert len(figure.drawing.data[0].y) == 40 and "10 more tokens" in figure.reading and len(figure.data) == 100


def test_it_needs_recorded_ratios_of_several_updates():
    assert token_heat(made_run(UPDATES)) is None
    assert token_heat(run_of(GROUP[:2])) is None
