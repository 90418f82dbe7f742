"""A table of a run as it is exported: its columns, and its rows piece by piece, so that none need fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .problems import ExportError, nearest

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


Pieces = Iterator[tuple[float, pa.Table]]
MAX_ROWS = 131_072  # of a piece


@dataclass(frozen=True)
class Source:
    """Rows to be written.

    `ids` say which row it is and stay in the long shape, where the other columns become `metric` and `value`.
    `pieces` yields (share of the work done with it, rows), all of this `schema`: no number is null, never NaN.
    """

    schema: pa.Schema
    ids: tuple[str, ...]
    pieces: Callable[[], Pieces]

    @property
    def values(self) -> list[str]:
        """The columns that are not ids."""
        return [name for name in self.schema.names if name not in self.ids]

    def write(self, write_table: Callable[[pa.Table], object], tell: Callable[[float], None]) -> int:
        """Hand every piece over, telling how much of the work is done; returns the number of rows."""
        rows = 0
        for done, piece in self.pieces():
            write_table(piece)
            rows += len(piece)
            tell(done)
        return rows


def as_table(frame: pd.DataFrame, schema: pa.Schema, described: PointColumns) -> pa.Table:
    """Rows with what their points are called. Columns of the schema that neither has are null."""
    points = frame["point"].to_numpy() if "point" in frame.columns else None
    columns = []
    for field in schema:
        if points is not None and field.name in described.values and field.name not in frame.columns:
            columns.append(described.at(field.name, points))
        elif field.name in frame.columns:
            columns.append(array(frame[field.name], field.type))
        else:
            columns.append(pa.nulls(len(frame), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def array(values: pd.Series, kind: pa.DataType) -> pa.Array:
    """A column; what is no number is null."""
    if pa.types.is_floating(kind):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(kind.to_pandas_dtype())
        return pa.array(numbers, kind, mask=np.isnan(numbers))
    if pa.types.is_string(kind):
        return pa.array([None if pd.isna(value) else str(value) for value in values], kind)
    return pa.array(values.to_numpy(), kind)


def kind_of(values: pd.Series) -> pa.DataType:
    """The type that the values of a column have: whole numbers, truths, numbers, else text."""
    if values.dtype.kind in "iub":
        return pa.from_numpy_dtype(values.dtype)
    known = [value for value in values if not pd.isna(value)] if values.dtype == object else []
    numbers = bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
    return pa.from_numpy_dtype(values.dtype) if values.dtype.kind == "f" else pa.float64() if numbers else pa.string()


def sliced(done: float, share: float, table: pa.Table) -> Pieces:
    """A table in pieces of bounded size, of a part of the work that is `share` of it."""
    if not len(table):
        yield done + share, table
    for start in range(0, len(table), MAX_ROWS):
        piece = table.slice(start, MAX_ROWS)
        yield done + share * (start + len(piece)) / len(table), piece


def chosen(columns: Sequence[str] | None, ids: Sequence[str], values: Sequence[str]) -> list[str]:
    """The columns beside the ids that are asked for, or all of them, in their own order. Raises ExportError."""
    if columns is None:
        return list(values)
    for name in columns:
        if name not in values and name not in ids:
            raise ExportError("columns", f"this table has no column {name!r}; {nearest(name, [*values, *ids])}")
    return [name for name in values if name in columns]
