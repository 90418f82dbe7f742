"""What a chunk recorded, as the tables of a run directory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from simulator.scenario import Scenario
from simulator.sweep import Chunk
from simulator.types import Tokens


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
        columns[name] = pa.array([value if numbers or value is None else str(value) for value in values], type=kind)
    return columns


def updates_table(chunk: Chunk, swept: dict[str, pa.Array], metrics: list[str]) -> pa.Table:
    """One row per lane, rollout, update: indices, swept values, metrics (null where one does not apply)."""
    measured = chunk.trace.metrics
    example = next(iter(measured.values()))
    shape, kind = example.shape, pa.from_numpy_dtype(example.dtype)
    point = _spread(chunk.points, shape, 0)
    columns: dict[str, Any] = {
        "point": point,
        "seed": _spread(chunk.seeds, shape, 0),
        "rollout": _spread(chunk.rollouts, shape, 1),
        "update": _spread(np.arange(1, shape[2] + 1), shape, 2),
    }
    columns |= {name: values.take(pa.array(point)) for name, values in swept.items()}
    for name in metrics:
        columns[name] = measured[name].reshape(-1) if name in measured else pa.nulls(example.size, kind)
    return pa.table(columns)


def ratios_table(chunk: Chunk) -> pa.Table:
    """One row per lane, recorded rollout, update and token of the completions."""
    tokens: Tokens = chunk.trace.tokens
    shape = tokens.log_ratio.shape  # lanes, slots, updates, prompts, group, positions
    said = np.broadcast_to(tokens.mask[:, :, None], shape).reshape(-1)

    def column(values: np.ndarray, *axes: int) -> np.ndarray:
        """Spread values, whose axes are those of the table, over all the rows that hold a token."""
        full = np.expand_dims(values, [axis for axis in range(6) if axis not in axes])
        return np.broadcast_to(full, shape).reshape(-1)[said]

    def single(values: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # a diverged run may leave what float32 cannot hold: infinite is what it is
            return column(values.astype(np.float32), 0, 1, 2, 3, 4, 5)

    def index(values: np.ndarray, axis: int) -> np.ndarray:
        return column(values.astype(np.int32), axis)

    coasting = {}
    if tokens.coasting is not None:
        coasting["coasting"] = single(tokens.coasting)
    return pa.table(
        {
            "point": index(chunk.points, 0),
            "seed": index(chunk.seeds, 0),
            "rollout": index(chunk.recorded_rollouts, 1),
            "update": index(np.arange(1, shape[2] + 1), 2),
            "prompt": index(np.arange(shape[3]), 3),
            "completion": index(np.arange(shape[4]), 4),
            "position": index(np.arange(shape[5]), 5),
            "token": column(tokens.tokens.astype(np.int32), 0, 1, 3, 4, 5),
            "reward": column(tokens.rewards, 0, 1, 3, 4),
            "advantage": column(tokens.advantages, 0, 1, 3, 4),
            "log_ratio": single(tokens.log_ratio),
            "clip_active": column(tokens.clip_active, 0, 1, 2, 3, 4, 5),
            **coasting,
        }
    )


def _spread(values: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Values along one axis, repeated over the others, as a flat column of 32-bit integers."""
    full = np.expand_dims(values.astype(np.int32), [other for other in range(len(shape)) if other != axis])
    return np.broadcast_to(full, shape).reshape(-1)
