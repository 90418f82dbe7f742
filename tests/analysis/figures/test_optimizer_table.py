"""What is compared, side by side, with a small line each."""

import numpy as np
import pytest

from analysis.figures.optimizer_table import optimizer_table
from tests.analysis.figures.rows import update, with_summary
from tests.analysis.made import made_run

NAMES = ("sgd", "adam", "lion")
ENDS = (1.1, np.e, 1.5)
ROWS = [
    update(number, 1.0 if number == 1 else 0.0, size, point=point, ratio=ratio) | {"return/exact": 0.1 * point}
    for point, end in enumerate(ENDS)
    for number, ratio, size in ((1, 1.0, 2.0), (2, end, float(point)))
]
TRAINING = {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64"}


def table(rows=ROWS, names=NAMES, **others):
    run = made_run(rows, points=[{"optimizer": name} for name in names], training=TRAINING, **others)
    return optimizer_table(with_summary(run))


def test_a_row_has_a_line_in_logarithms_on_a_common_scale():
    figure = table()
    lines = [trace for trace in figure.drawing.data if trace.mode == "lines" and trace.line.dash is None]
    # ln e is the whole height, 0.7 of a row
    assert [line.y[-1] for line in lines] == [
        pytest.approx(0.35 - 0.7 * np.log(1.1)), pytest.approx(1.35 - 0.7), pytest.approx(2.35 - 0.7 * np.log(1.5))
    ]  # fmt: skip
    assert [list(line.x) for line in lines] == [[0, 1, 2]] * 3 and lines[0].y[0] == 0.35
    bounds = [trace.y[0] for trace in figure.drawing.data if trace.mode == "lines" and trace.line.dash == "dot"]
    assert bounds == [pytest.approx(row + 0.35 - 0.7 * np.log(1.2)) for row in range(3)]


def test_numbers_stand_in_columns_under_their_names():
    figure = table()
    columns = [list(trace.text) for trace in figure.drawing.data if trace.mode == "text"]
    # the last row of each: what the update without a gradient is to the one before, in units of 2
    assert columns == [["1.1", "2.72", "1.5"], ["0", "0.1", "0.2"], ["0", "0.5", "1"]]
    assert list(figure.drawing.layout.xaxis2.ticktext) == ["ratio/<br>max", "return/<br>exact", "braking<br>distance"]
    assert list(figure.drawing.layout.yaxis.ticktext) == list(NAMES)
    assert figure.title == "Optimizers side by side" and figure.least_width > 390


def test_the_data_have_the_line_and_the_numbers_of_every_row():
    data = table().data
    assert data[["label", "update"]].to_numpy().tolist() == [[name, number] for name in NAMES for number in (1, 2)]
    assert data["ratio/max by update"].tolist() == [1.0, 1.1, 1.0, pytest.approx(np.e), 1.0, 1.5]
    assert data["ratio/max"].tolist()[-1] == 1.5


def test_rounding_is_nothing():
    rows = [row | {"return/exact": -7e-18} for row in ROWS]
    columns = [list(trace.text) for trace in table(rows).drawing.data if trace.mode == "text"]
    assert columns[1] == ["0", "0", "0"]


def test_a_table_needs_three_variants_and_several_updates():
    assert table(ROWS[:4], NAMES[:2]) is None
    assert table([row for row in ROWS if row["update"] == 1]) is None
    swept = made_run(ROWS, points=[{"optimizer.b1": b1} for b1 in (0.0, 0.5, 0.9)], training=TRAINING)
    assert optimizer_table(with_summary(swept)) is None  # an axis is no comparison
