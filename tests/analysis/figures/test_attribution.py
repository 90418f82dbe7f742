"""What each update added to the excess."""

import numpy as np
import pytest

from analysis.figures.attribution import attribution
from tests.analysis.figures.rows import ADAM_AND_SGD, CAUSED, UPDATES, known, update, with_summary
from tests.analysis.made import made_run


def bars(figure, axis=""):
    return {bar.name: list(bar.y) for bar in figure.drawing.data if bar.xaxis == f"x{axis}"}


def test_the_bars_of_a_variant_add_up_to_its_excess():
    run = with_summary(made_run(CAUSED, points=ADAM_AND_SGD))
    figure = attribution(run)
    adam = bars(figure)
    # half of each cause in either update; of the coasting part, 0.15, earlier rollouts left 0.05
    np.testing.assert_allclose(adam["the step across the bound"], [0.05, 0.05])
    np.testing.assert_allclose(adam["memory of this rollout's gradients"], [0.1, 0.1])
    np.testing.assert_allclose(adam["memory of earlier rollouts"], [0.05, 0.05])
    np.testing.assert_allclose(adam["weight decay"], [-0.01, -0.01])
    assert sum(map(sum, adam.values())) == pytest.approx(0.44)
    # two rollouts: (0.1 + 0)/2 and (0.2 + 0.1)/2 at each update
    sgd = bars(figure, 2)
    np.testing.assert_allclose(sgd["the step across the bound"], [0.05, 0.05])
    np.testing.assert_allclose(sgd["coupling: other tokens' gradients"], [0.15, 0.15])


def test_the_data_have_every_update_of_every_variant():
    data = attribution(with_summary(made_run(CAUSED, points=ADAM_AND_SGD))).data
    assert data[["label", "update"]].to_numpy().tolist() == [["adam", 1], ["adam", 2], ["sgd", 1], ["sgd", 2]]
    np.testing.assert_allclose(data["drift/coupled"], [0.025, 0.025, 0.15, 0.15])


def test_the_four_largest_are_drawn_and_the_rest_counted():
    rows = [
        update(number, 1.0, point=point) | {"drift/crossing": 0.1 * (point + 1), "drift/coasted": 0.0}
        for point in range(6)
        for number in (1, 2)
    ]
    figure = attribution(made_run(rows, points=[{"optimizer": name} for name in "abcdef"]))
    assert [title.text for title in figure.drawing.layout.annotations] == list("cdef")
    assert figure.reading.endswith("2 more variants are in the data.") and len(figure.data) == 12


def test_with_one_update_a_rollout_bars_stand_over_rollouts():
    rows = [
        update(1, 1.0) | {"rollout": rollout, "drift/crossing": size, "drift/coasted": 0.0}
        for rollout, size in enumerate((0.1, 0.3))
    ]
    figure = attribution(made_run(rows))
    assert list(figure.drawing.data[0].x) == [0, 1] and list(figure.drawing.data[0].y) == [0.1, 0.3]
    assert figure.title == "What each rollout added to the excess"


def test_more_updates_than_bars_are_added_up():
    rows = [update(number, 1.0) | {"drift/crossing": 0.001, "drift/coasted": 0.0} for number in range(1, 401)]
    figure = attribution(made_run(rows))
    (bar,) = figure.drawing.data
    assert len(bar.x) == 200 and list(bar.y) == [pytest.approx(0.002)] * 200
    assert "2 updates are drawn as one bar" in figure.reading and len(figure.data) == 400


def test_without_an_excess_the_parts_of_the_updates_are_drawn():
    rows = [
        row | {"update/fresh_norm": fresh, "update/coasting_norm": coasting}
        for row, fresh, coasting in zip(UPDATES, (0.3, 0.1), (0.0, 0.4), strict=True)
    ]
    figure = attribution(known(made_run(rows), update__fresh_norm="mean", update__coasting_norm="mean"))
    assert [list(line.y) for line in figure.drawing.data] == [[0.3, 0.1], [0.0, 0.4]]
    assert figure.title == "What the updates are made of"
    assert figure.data["update/coasting_norm"].tolist() == [0.0, 0.4]


def test_nothing_is_attributed_in_a_single_update_or_where_nothing_was_taken_apart():
    assert attribution(made_run(UPDATES)) is None
    single = update(1, 1.0) | {"drift/crossing": 0.1, "drift/coasted": 0.0}
    assert attribution(made_run([single])) is None
