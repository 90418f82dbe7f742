"""An axis stands in place of a value: every value of it is a point, and all axes of a table cross.

b1            = { values = [0.0, 0.9] }
learning_rate = { log_range = [1e-3, 1e-1], num = 5 }
clip_high     = { range = [0.1, 0.4], num = 4 }
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import describe, dotted

FORMS = ({"values"}, {"range", "num"}, {"log_range", "num"})
Path = tuple[str | int, ...]


class AxisError(ValueError):
    """An axis that makes no points: (path, sentence)."""

    def __init__(self, path: Path, sentence: str):
        self.path, self.sentence = path, sentence
        super().__init__(f"{dotted(path)}: {sentence}")


def is_axis(value: Any) -> bool:
    """A table with the keys of an axis and no others."""
    return isinstance(value, dict) and bool(value) and set(value) <= {"values", "range", "log_range", "num"}


def axis_values(axis: dict, path: Path) -> list:
    """The values that an axis stands for. Raises AxisError."""
    if set(axis) not in FORMS:
        forms = "{ values = [...] }, { range = [a, b], num = n } or { log_range = [a, b], num = n }"
        raise AxisError(path, f"an axis is {forms}")
    if "values" in axis:
        if not isinstance(axis["values"], list) or not axis["values"]:
            raise AxisError(path, f"an axis needs at least one value, got values = {axis['values']!r}")
        return axis["values"]
    (form,) = set(axis) - {"num"}
    bounds, num = axis[form], axis["num"]
    numbers = isinstance(bounds, list) and all(type(bound) in (int, float) for bound in bounds)
    if not numbers or len(bounds) != 2:
        raise AxisError(path, f"{form} takes two numbers, got {describe(bounds)}")
    if type(num) is not int or num < 1:
        raise AxisError(path, f"num counts the values and must be an integer >= 1, got {num!r}")
    if form == "log_range" and min(bounds) <= 0:
        raise AxisError(path, f"log_range needs positive bounds, got {bounds!r}")
    space = np.linspace if form == "range" else np.geomspace
    low, high = bounds
    return [float(value) for value in space(low, high, num)]


def find_axes(table: Any, path: Path = ()) -> Iterator[tuple[Path, list]]:
    """Every axis below `table`: (path, values)."""
    if is_axis(table):
        yield path, axis_values(table, path)
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from find_axes(value, (*path, key))
    elif isinstance(table, list):
        for index, value in enumerate(table):
            yield from find_axes(value, (*path, index))


def cross(table: dict) -> Iterator[tuple[dict[str, Any], dict]]:
    """Every point of a table's axes: ({key of the axis: value}, the table with values in the axes' places)."""
    axes = list(find_axes(table))
    for values in itertools.product(*(values for _, values in axes)):
        filled = table
        for (path, _), value in zip(axes, values, strict=True):
            filled = _put(filled, path, value)
        yield {dotted(path): value for (path, _), value in zip(axes, values, strict=True)}, filled


def _put(table: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    copy = table.copy()
    copy[path[0]] = _put(table[path[0]], path[1:], value)
    return copy
