"""The recorded tokens of a chunk as two tables of lists: what was said in a rollout, and what each update did to it.

A list holds the tokens of all completions, prompt by prompt, completion by completion: one row per update instead of
one per token, which a disk can follow. `analysis.load(run).ratios` has a row per token.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from ..execution.compute import Chunk
from .columns import column, lists, spread


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
