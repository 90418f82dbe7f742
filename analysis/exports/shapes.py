"""Wide: a column per metric. Long: a row per value, with the name of its metric beside it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .problems import ExportError
from .sources import MAX_ROWS, Pieces, Source

BOUNDS = ("low", "high")


def long(source: Source) -> Source:
    """The ids, `metric` and `value`; of a summary, the bounds of the value's interval too.

    A value that is no number has no row. Rows that belong together stay together: all metrics of an update, then those
    of the next. Raises ExportError where a value is neither a number nor a truth.
    """
    if not source.ids:
        raise ExportError("shape", "claims have no long shape: their columns are not values of one kind")
    metrics = [name for name in source.values if not name.endswith(tuple(f":{bound}" for bound in BOUNDS))]
    bounds = [bound for bound in BOUNDS if f"{metrics[0]}:{bound}" in source.schema.names] if metrics else []
    kinds = {source.schema.field(name).type for name in metrics}
    single = kinds <= {pa.float32(), pa.bool_()}
    value = pa.float32() if single and kinds else pa.float64()
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


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column as numbers, NaN where there is none; in single precision where that holds them."""
    single = column.type in (pa.float32(), pa.bool_())
    return pc.cast(column, pa.float32() if single else pa.float64()).to_numpy()
