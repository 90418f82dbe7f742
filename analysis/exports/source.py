"""A table of a run as it is exported: its columns, and its rows piece by piece, so that none need fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .errors import ExportError, nearest

if TYPE_CHECKING:
    from ..run.run import Run

Tell = Callable[[float], None]  # called with the share of the work that is done
Pieces = Iterator[tuple[float, pa.Table]]
MAX_ROWS = 131_072  # of a piece
BOUNDS = ("low", "high")


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

    def write(self, write_table: Callable[[pa.Table], object], tell: Tell) -> int:
        """Write every piece; returns the number of rows."""
        rows = 0
        for done, piece in self.pieces():
            write_table(piece)
            rows += len(piece)
            tell(done)
        return rows


def point_values(run: Run) -> dict[str, list[Any]]:
    """What tells points apart, a value per point: what is swept, what was found before the run, and the label."""
    found = [run.found(point) for point in range(len(run.points))]
    names = {name: None for values in found for name in values if "." in name and name not in run.points.swept}
    matched = {name: [values.get(name) for values in found] for name in names}
    return {**run.points.swept, **matched, "label": run.labels}


def point_columns(run: Run) -> dict[str, pa.Array]:
    """The same as columns: whole numbers or numbers where all that have a value have one, else text."""
    return {name: _point_column(list(values)) for name, values in point_values(run).items()}


def _point_column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and None not in values:
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def as_table(frame: pd.DataFrame, schema: pa.Schema, of_points: dict[str, pa.Array]) -> pa.Table:
    """Rows, each with what its point is called. Columns of the schema that neither has are null."""
    columns = []
    for field in schema:
        if field.name in frame.columns:
            columns.append(_array(frame[field.name], field.type))
        elif field.name in of_points and "point" in frame.columns:
            columns.append(of_points[field.name].take(pa.array(frame["point"].to_numpy(np.int64))))
        else:
            columns.append(pa.nulls(len(frame), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _array(values: pd.Series, kind: pa.DataType) -> pa.Array:
    """A column; what is no number is null."""
    if pa.types.is_floating(kind):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(kind.to_pandas_dtype())
        return pa.array(numbers, kind, mask=np.isnan(numbers))
    if pa.types.is_string(kind):
        return pa.array([None if pd.isna(value) else str(value) for value in values], kind)
    return pa.array(values.to_numpy(), kind)


def kind_of(values: pd.Series) -> pa.DataType:
    """The type that the values of a column have: whole numbers, truths, numbers, else text."""
    if values.dtype.kind in "iubf":
        return pa.from_numpy_dtype(values.dtype)
    known = [value for value in values if not pd.isna(value)] if values.dtype == object else []
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
    return pa.float64() if known and numbers else pa.string()


def sliced(done: float, share: float, table: pa.Table) -> Pieces:
    """A table in pieces of bounded size; the table is `share` of the work."""
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


def long(source: Source) -> Source:
    """The long shape: the ids, `metric` and `value`; of a summary, the bounds of the value's interval too.

    A value that is no number has no row. Rows that belong together stay together: all metrics of an update, then those
    of the next. Raises ExportError where a value is neither a number nor a truth.
    """
    if not source.ids:
        raise ExportError("shape", "claims have no long shape: their columns are not values of one kind")
    metrics = [name for name in source.values if not name.endswith(tuple(f":{bound}" for bound in BOUNDS))]
    bounds = [bound for bound in BOUNDS if f"{metrics[0]}:{bound}" in source.schema.names] if metrics else []
    kinds = {source.schema.field(name).type for name in metrics}
    value = pa.float32() if kinds and all(map(_is_single, kinds)) else pa.float64()
    ids = pa.schema([source.schema.field(name) for name in source.ids if name in source.schema.names])
    schema = pa.schema([*ids, ("metric", pa.string()), ("value", value), *((bound, value) for bound in bounds)])

    def pieces() -> Pieces:
        most = max(1, 8 * MAX_ROWS // max(len(metrics), 1))
        for done, table in source.pieces():
            for start in range(0, max(len(table), 1), most):
                yield done, _melted(table.slice(start, most), ids, metrics, bounds, schema)

    return Source(schema, tuple(ids.names), pieces)


def _melted(table: pa.Table, ids: pa.Schema, metrics: list[str], bounds: list[str], schema: pa.Schema) -> pa.Table:
    """A row per value: those of a row of the table next to each other."""
    values = np.column_stack([_numbers(table[name]) for name in metrics]) if metrics else np.zeros((len(table), 0))
    rows, which = np.nonzero(~np.isnan(values))
    kind = schema.field("value").type
    columns = [table[name].take(pa.array(rows)) for name in ids.names]
    columns.append(pa.array(metrics, pa.string()).take(pa.array(which)))
    columns.append(pa.array(values[rows, which], kind))
    for bound in bounds:
        beside = np.column_stack([_numbers(table[f"{name}:{bound}"]) for name in metrics])[rows, which]
        columns.append(pa.array(beside, kind, mask=np.isnan(beside)))
    return pa.Table.from_arrays(columns, schema=schema)


def _is_single(kind: pa.DataType) -> bool:
    """Whether single precision holds the values."""
    return kind in (pa.float32(), pa.bool_())


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column as numbers, NaN where there is none."""
    return pc.cast(column, pa.float32() if _is_single(column.type) else pa.float64()).to_numpy()
