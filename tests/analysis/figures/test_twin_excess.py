"""The excess beside the memoryless twin's."""

import numpy as np
import pytest

from analysis.figures.courses import course
from analysis.figures.twin_excess import twin_excess
from tests.analysis.figures.rows import UPDATES, update
from tests.analysis.made import made_run


def excess(number, own, theirs, seed=0, point=0, rollout=0):
    row = update(number, 1.0, point=point) | {"seed": seed, "rollout": rollout}
    return row | {"drift/excess_max": own, "twin/drift/excess_max": theirs}


TWO_SEEDS = [
    excess(1, 0.1, 0.1, seed=0), excess(2, 0.2, 0.1, seed=0),
    excess(1, 0.3, 0.1, seed=1), excess(2, 0.4, 0.1, seed=1),
]  # fmt: skip


def test_own_and_twin_are_lines_over_updates_with_a_band_over_seeds():
    figure = twin_excess(made_run(TWO_SEEDS))
    own = next(trace for trace in figure.drawing.data if trace.name == "the optimizer itself")
    twin = next(trace for trace in figure.drawing.data if trace.name == "the memoryless twin")
    assert (list(own.x), list(own.y)) == ([1, 2], [pytest.approx(0.2), pytest.approx(0.3)])
    assert list(twin.y) == [pytest.approx(0.1)] * 2 and twin.line.dash == "dash"
    # t for one degree of freedom is 12.7062, s = 0.2/√2: the half width is 12.7062 · 0.1
    high = figure.data["drift/excess_max:high"]
    np.testing.assert_allclose(high, [0.2 + 1.27062, 0.3 + 1.27062], atol=1e-5)
    ribbon = [trace for trace in figure.drawing.data if trace.fill == "toself"][1]
    np.testing.assert_allclose(ribbon.y[:2], high)


def test_a_seed_counts_once_however_many_rollouts_it_has():
    rows = [excess(1, own, 0.0, rollout=rollout) for rollout, own in enumerate((0.1, 0.5))]
    rows += [excess(1, 0.9, 0.0, seed=1)]
    # the mean of 0.3 and 0.9
    assert course(made_run(rows), ["drift/excess_max"], "update")["drift/excess_max"].tolist() == [pytest.approx(0.6)]


def test_over_rollouts_the_last_update_of_each_counts():
    rows = [excess(number, 0.1 * number, 0.0, rollout=rollout) for rollout in (0, 1) for number in (1, 2)]
    found = course(made_run(rows), ["drift/excess_max"], "rollout")
    assert found[["rollout", "drift/excess_max"]].to_numpy().tolist() == [[0, 0.2], [1, 0.2]]


def test_one_seed_has_no_band():
    figure = twin_excess(made_run(TWO_SEEDS[:2]))
    assert not [trace for trace in figure.drawing.data if trace.fill] and "interval" not in figure.reading


def test_a_panel_a_variant_up_to_those_that_fit():
    rows = [excess(number, 0.1, 0.0, point=point) for point in range(14) for number in (1, 2)]
    figure = twin_excess(made_run(rows, points=[{"optimizer": f"number {n}"} for n in range(14)]))
    assert len(figure.drawing.layout.annotations) == 12 and "2 more variants" in figure.reading
    assert figure.data["label"].nunique() == 14


def test_there_is_no_such_figure_without_a_twin_an_excess_or_a_course():
    assert twin_excess(made_run(UPDATES)) is None
    assert twin_excess(made_run([row | {"drift/excess_max": 0.0} for row in TWO_SEEDS])) is None
    assert twin_excess(made_run(TWO_SEEDS[:1])) is None
