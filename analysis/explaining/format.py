"""Numbers as explanations write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..text import minus, number

if TYPE_CHECKING:
    from ..run.run import Run

LONGEST = 40  # characters of two labels that numbers are beside


def plain(value: float) -> str:
    """Three digits: '0.415', '−0.2'."""
    return minus(number(value, 3))


def hundredths(value: float) -> str:
    """'0.35': an elasticity, below whose second decimal nothing is of interest."""
    return minus(f"{round(value, 2) + 0.0:.2f}")


def span(values: Sequence[float], form: Callable[[float], str] = plain) -> str:
    """'0.61 to 0.97'; one number where both ends read the same."""
    least, most = form(min(values)), form(max(values))
    return least if least == most else f"{least} to {most}"


def whose(run: Run, values: Mapping[int, float], form: Callable[[float], str] = plain) -> str:
    """'59 % (sgd) to 98 % (lion)' of values by point: whose the ends are, where the names are short."""
    bottom, top = min(values, key=lambda point: values[point]), max(values, key=lambda point: values[point])
    least, most, labels = form(values[bottom]), form(values[top]), run.labels
    if least == most:
        return least
    if len(labels[bottom]) + len(labels[top]) > LONGEST:
        return f"{least} to {most}"
    return f"{least} ({labels[bottom]}) to {most} ({labels[top]})"


def ends(values: Sequence[float]) -> float | list[float]:
    """What was looked at: a number, or the least and the largest of several."""
    least, most = float(min(values)), float(max(values))
    return least if math.isclose(least, most, rel_tol=1e-12, abs_tol=1e-300) else [least, most]
