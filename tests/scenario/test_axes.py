"""Axes: the values they stand for, and how they cross."""

import numpy as np
import pytest

from simulator.scenario.axes import AxisError, axis_values, cross, find_axes, is_axis


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ({"values": [0.0, 0.9]}, [0.0, 0.9]),
        ({"values": ["k1", "k3"]}, ["k1", "k3"]),
        ({"values": [[1.0, 0.0], [0.0, 1.0]]}, [[1.0, 0.0], [0.0, 1.0]]),
        ({"range": [0.1, 0.4], "num": 4}, [0.1, 0.2, 0.3, 0.4]),
        ({"range": [3, 1], "num": 3}, [3.0, 2.0, 1.0]),
        ({"log_range": [1e-3, 1e-1], "num": 3}, [1e-3, 1e-2, 1e-1]),
        ({"range": [2.0, 5.0], "num": 1}, [2.0]),
    ],
)
def test_an_axis_stands_for_its_values(axis, values):
    found = axis_values(axis, ("learning_rate",))
    if isinstance(values[0], float):
        np.testing.assert_allclose(found, values, rtol=1e-14)
    else:
        assert found == values


@pytest.mark.parametrize(
    "axis",
    [
        {"values": []},
        {"values": 3.0},
        {"range": [0.0, 1.0]},
        {"num": 3},
        {"values": [1.0], "num": 1},
        {"range": [0.0, 1.0], "log_range": [1.0, 2.0], "num": 3},
        {"range": [0.0, 1.0, 2.0], "num": 3},
        {"range": 1.0, "num": 3},
        {"range": ["a", "b"], "num": 3},
        {"range": [True, False], "num": 2},
        {"range": [0.0, 1.0], "num": 0},
        {"range": [0.0, 1.0], "num": 2.0},
        {"range": [0.0, 1.0], "num": True},
        {"log_range": [0.0, 1.0], "num": 3},
        {"log_range": [-1.0, 1.0], "num": 3},
    ],
    ids=str,
)
def test_an_axis_that_makes_no_points_is_refused_where_it_stands(axis):
    with pytest.raises(AxisError) as refusal:
        axis_values(axis, ("kl", "coef"))
    assert str(refusal.value).startswith("kl.coef: ")


@pytest.mark.parametrize("value", [{}, {"values": [1], "rule": "table"}, {"schedule": "linear"}, [1.0], 3, "values"])
def test_what_has_other_keys_is_no_axis(value):
    assert not is_axis(value)


def test_axes_are_found_however_deep_they_stand():
    table = {"kl": {"coef": {"values": [0.0, 0.1]}}, "list": [1, {"b1": {"values": [0.9]}}], "name": "grpo"}
    assert list(find_axes(table)) == [(("kl", "coef"), [0.0, 0.1]), (("list", 1, "b1"), [0.9])]


def test_all_axes_cross_and_the_last_one_runs_fastest():
    table = {"a": {"values": [1, 2]}, "b": {"c": {"values": [3, 4]}}, "d": 5}
    assert list(cross(table)) == [
        ({"a": 1, "b.c": 3}, {"a": 1, "b": {"c": 3}, "d": 5}),
        ({"a": 1, "b.c": 4}, {"a": 1, "b": {"c": 4}, "d": 5}),
        ({"a": 2, "b.c": 3}, {"a": 2, "b": {"c": 3}, "d": 5}),
        ({"a": 2, "b.c": 4}, {"a": 2, "b": {"c": 4}, "d": 5}),
    ]


def test_a_table_without_axes_is_one_point():
    assert list(cross({"a": 1})) == [({}, {"a": 1})]
