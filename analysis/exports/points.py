"""What tells points apart, as columns that every export has: the swept values and the label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from ..run.run import Run


def described(run: Run) -> dict[str, list[Any]]:
    """A value a point: what is swept, what was found before the run (a matched learning rate), and the label."""
    found = [run.found(point) for point in range(len(run.points))]
    names = dict.fromkeys(name for values in found for name in values if "." in name)
    return {
        **run.points.swept,
        **{name: [values.get(name) for values in found] for name in names if name not in run.points.swept},
        "label": run.labels,
    }


class PointColumns:
    """One array a column, with a value a point: numbers where all are, else text; null where a point has none."""

    def __init__(self, run: Run) -> None:
        self.values = {name: _array(list(values)) for name, values in described(run).items()}

    def at(self, name: str, points: np.ndarray) -> pa.Array:
        """The column, a row for each of these points."""
        return self.values[name].take(pa.array(points.astype(np.int64)))


def _array(values: list[Any]) -> pa.Array:
    """Whole numbers where all points have one, numbers where those that have a value have one, or text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and None not in values:
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())
