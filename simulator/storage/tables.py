"""The metrics of a chunk as a table, with the swept values of its points."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..execution.compute import Chunk
from ..scenario.load import Scenario
from .columns import column, optional, spread


def swept_columns(scenario: Scenario) -> dict[str, pa.Array]:
    """The swept and found values of all points, one array a column: numbers where all are, else text; null if unset."""
    columns = {}
    rows = [
        point.values | {key: value for key, value in point.found.items() if "." in key} for point in scenario.points
    ]
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        numbers = all(type(value) in (int, float) for value in values if value is not None)
        whole = all(type(value) is int for value in values if value is not None)
        kind = pa.int64() if whole else pa.float64() if numbers else pa.string()
        columns[name] = optional([value if numbers or value is None else str(value) for value in values], kind)
    return columns


def updates_table(chunk: Chunk, swept: dict[str, pa.Array], metrics: list[str]) -> pa.Table:
    """One row per lane, rollout, update: indices, swept values, metrics (null where one does not apply)."""
    measured = chunk.trace.metrics
    example = next(iter(measured.values()))
    shape, kind = example.shape, pa.from_numpy_dtype(example.dtype)
    columns = {
        "point": column(spread(chunk.points.astype(np.int32), shape, 0)),
        "seed": column(spread(chunk.seeds, shape, 0)),
        "rollout": column(spread(chunk.rollouts.astype(np.int32), shape, 1)),
        "update": column(spread(np.arange(1, shape[2] + 1, dtype=np.int32), shape, 2)),
    }
    rows = np.repeat(chunk.points, shape[1] * shape[2])
    columns |= {name: pc.take(values, column(rows)) for name, values in swept.items()}
    for name in metrics:
        columns[name] = column(measured[name].reshape(-1)) if name in measured else pa.nulls(example.size, kind)
    return pa.table(columns)
