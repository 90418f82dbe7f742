"""Chunks as Arrow tables: one row per update; recorded tokens as lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..execution.compute import Chunk
from ..scenario.load import Scenario


def column(values: Any) -> pa.Array:
    """A flat array as a column that shares its memory."""
    if values.dtype == bool:
        packed = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def optional(values: list, kind: pa.DataType) -> pa.Array:
    """Numbers or texts, any of them None, as a column."""
    there = np.packbits([value is not None for value in values], bitorder="little")
    if pa.types.is_string(kind):
        texts = [b"" if value is None else value.encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        return pa.Array.from_buffers(kind, len(values), [*map(pa.py_buffer, (there, ends, b"".join(texts)))])
    numbers = np.array([0 if value is None else value for value in values], dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [*map(pa.py_buffer, (there, numbers))])


def lists(values: Any, counts: Any) -> pa.Array:
    """Flat values as a column of lists, `counts[n]` of them in row n."""
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(column(ends), column(values))


def spread(values: Any, shape: tuple[int, ...], *axes: int) -> np.ndarray:
    """Values, whose axes are these of `shape`, repeated over the others, flat."""
    full = np.expand_dims(values, [axis for axis in range(len(shape)) if axis not in axes])
    return np.broadcast_to(full, shape).reshape(-1)


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


def tokens_table(chunk: Chunk) -> pa.Table:
    """One row per lane and recorded rollout: of each token its prompt, completion, position, reward and advantage."""
    tokens = chunk.trace.tokens
    shape = tokens.mask.shape  # lanes, slots, prompts, group, positions
    counts = tokens.mask.sum(axis=(2, 3, 4)).reshape(-1)

    def each(values: Any, *axes: int) -> pa.Array:
        return lists(spread(values, shape, *axes)[tokens.mask.reshape(-1)], counts)

    return pa.table(
        {
            "point": column(spread(chunk.points.astype(np.int32), shape[:2], 0)),
            "seed": column(spread(chunk.seeds.astype(np.int64), shape[:2], 0)),
            "rollout": column(spread(chunk.recorded_rollouts.astype(np.int32), shape[:2], 1)),
            "prompt": each(np.arange(shape[2], dtype=np.int32), 2),
            "completion": each(np.arange(shape[3], dtype=np.int32), 3),
            "position": each(np.arange(shape[4], dtype=np.int32), 4),
            "token": each(tokens.tokens.astype(np.int32), 0, 1, 2, 3, 4),
            "reward": each(tokens.rewards, 0, 1, 2, 3),
            "advantage": each(tokens.advantages, 0, 1, 2, 3),
        }
    )


def ratios_table(chunk: Chunk) -> pa.Table:
    """One row per lane, recorded rollout and update: lists in the order of the tokens table's."""
    tokens = chunk.trace.tokens
    shape = tokens.log_ratio.shape[:3]  # lanes, slots, updates
    counts = np.repeat(tokens.mask.sum(axis=(2, 3, 4)).reshape(-1), shape[2])
    said = None if tokens.mask.all() else np.broadcast_to(tokens.mask[:, :, None], tokens.log_ratio.shape)

    def each(values: Any) -> pa.Array:
        return lists(values.reshape(-1) if said is None else values[said], counts)

    columns = {
        "point": column(spread(chunk.points.astype(np.int32), shape, 0)),
        "seed": column(spread(chunk.seeds.astype(np.int64), shape, 0)),
        "rollout": column(spread(chunk.recorded_rollouts.astype(np.int32), shape, 1)),
        "update": column(spread(np.arange(1, shape[2] + 1, dtype=np.int32), shape, 2)),
        "log_ratio": each(_single(tokens.log_ratio)),
        "clip_active": each(tokens.clip_active),
    }
    if tokens.coasting is not None:
        columns["coasting"] = each(_single(tokens.coasting))
    return pa.table(columns)


def _single(values: Any) -> np.ndarray:
    with np.errstate(over="ignore"):  # a diverged run may leave what float32 cannot hold: infinite is what it is
        return values.astype(np.float32)
