"""Maps over two swept numbers."""

import numpy as np

from analysis.figures.comparison import comparison
from analysis.figures.heat_map import heat_map
from tests.analysis.figures.rows import update, with_summary
from tests.analysis.made import made_run


def crossed(across=4, up=3, **others):
    """A grid of points; the headline of the cell in column i and row j is 1 + i + 10 j, and 100 more for each panel."""
    ((name, values),) = others.items() or ((None, [None]),)
    points, rows = [], []
    for panel, value in enumerate(values):
        for i in range(across):
            for j in range(up):
                rest = {} if name is None else {name: value}
                points.append({"optimizer.b1": 0.5**i, "method.clip_low": 0.1 * (j + 1), **rest})
                rows.append(update(1, 1.0, point=len(rows), ratio=1.0 + i + 10 * j + 100 * panel))
    return rows, points


def test_a_map_has_the_headline_of_every_cell():
    rows, points = crossed()
    figure = heat_map(with_summary(made_run(rows, points=points)))
    (cells,) = figure.drawing.data
    assert list(cells.x) == ["0.125", "0.25", "0.5", "1"]  # in rising order, b1 the longer axis
    assert list(cells.y) == ["0.1", "0.2", "0.3"]
    assert np.asarray(cells.z).tolist() == [[4, 3, 2, 1], [14, 13, 12, 11], [24, 23, 22, 21]]
    assert figure.title == "ratio/max at the end of a rollout, over b1 and clip_low"


def test_a_third_column_makes_panels():
    rows, points = crossed(optimizer=["sgd", "adam"])
    figure = heat_map(with_summary(made_run(rows, points=points))).drawing
    assert [title.text for title in figure.layout.annotations] == ["sgd", "adam"]  # in the scenario's order
    assert [np.asarray(cells.z)[0].tolist() for cells in figure.data] == [[4, 3, 2, 1], [104, 103, 102, 101]]
    rows, points = crossed(**{"optimizer.state": ["keep", "reset"]})
    figure = heat_map(with_summary(made_run(rows, points=points))).drawing
    assert [title.text for title in figure.layout.annotations] == ["state = keep", "state = reset"]


def test_more_panels_than_there_is_room_for_are_counted():
    rows, points = crossed(optimizer=list("abcdef"))
    figure = heat_map(with_summary(made_run(rows, points=points)))
    assert len(figure.drawing.data) == 4
    assert figure.least_width > 4 * 100  # narrower screens scroll
    assert figure.reading.endswith("2 more values of optimizer are in the tables.")


def test_colours_are_of_logarithms_where_values_span_decades():
    rows, points = crossed()
    for row in rows:
        row["ratio/max"] = 10.0 ** -(row["ratio/max"] - 1)
    (cells,) = heat_map(with_summary(made_run(rows, points=points))).drawing.data
    np.testing.assert_allclose(cells.z[1], [-13.0, -12.0, -11.0, -10.0])
    np.testing.assert_allclose(cells.customdata[1], [1e-13, 1e-12, 1e-11, 1e-10])


def test_few_cells_and_many_axes_are_no_map():
    def mapped(rows, points):
        return heat_map(with_summary(made_run(rows, points=points)))

    assert mapped(*crossed(across=4, up=3)) is not None
    assert mapped(*crossed(across=3, up=3)) is None  # nine cells
    assert mapped(*crossed(across=12, up=2)) is None  # two values are no axis
    rows, points = crossed(optimizer=["sgd", "adam"])
    assert mapped(rows, [point | {"method": "grpo"} for point in points]) is None  # a fourth column
    rows, points = crossed()
    assert mapped([row | {"ratio/max": np.nan} for row in rows], points) is None


def test_a_variant_without_one_of_the_axes_makes_curves_of_the_map():
    rows, points = crossed()
    rows.append(update(1, 1.0, point=12, ratio=5.0))
    run = with_summary(made_run(rows, points=[*points, {"method.clip_low": 0.1}]))
    assert heat_map(run) is None and comparison(run) is not None


def test_there_is_a_map_or_a_comparison_but_not_both():
    run = with_summary(made_run(*crossed()[:1], points=crossed()[1]))
    assert heat_map(run) is not None and comparison(run) is None
    run = with_summary(made_run(*crossed(up=2)[:1], points=crossed(up=2)[1]))
    assert heat_map(run) is None and comparison(run) is not None


def test_a_map_gives_away_all_its_cells():
    rows, points = crossed(optimizer=list("abcdef"))
    data = heat_map(with_summary(made_run(rows, points=points))).data
    assert len(data) == 72  # those of panels without room, too
    assert list(data.columns) == ["label", "point", "optimizer.b1", "method.clip_low", "optimizer", "ratio/max"]
