"""Recorded tokens, a row per token and update, out of the two tables of lists that a run directory has.

tokens/part-*.parquet   one row per point, seed and recorded rollout: lists over its tokens
ratios/part-*.parquet   one row per point, seed, recorded rollout and update: lists in the same order
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ..lazy import pd
from .stored import Stored, among, only

ROW = ("point", "seed", "rollout", "update")
SAID = ("prompt", "completion", "position", "token", "reward", "advantage")
CHANGED = ("log_ratio", "clip_active", "coasting")


@dataclass(frozen=True)
class StoredTokens(Stored):
    """The table of recorded tokens: of lists that are not asked for nothing is read."""

    @property
    def names(self) -> list[str]:
        first = self.parts[0]
        if isinstance(first, pd.DataFrame):
            return list(first.columns)
        there = pq.read_schema(first).names
        return [*ROW, *SAID, *(name for name in CHANGED if name in there)]

    def _frame(self, part: Path, columns: Sequence[str], where: dict[str, int | Collection[int]]) -> pd.DataFrame:
        rows = pq.read_table(part, columns=[*ROW, *(name for name in columns if name in CHANGED)])
        said = pq.read_table(
            part.parent.parent / "tokens" / part.name, columns=list({"prompt", *SAID} & {"prompt", *columns})
        )
        updates = len(rows) // max(len(said), 1)  # of every rollout, one after the other
        wanted = {name: value for name, value in where.items() if name in ROW}
        kept = np.ones(len(rows), dtype=bool)
        for name, value in wanted.items():
            kept &= np.isin(rows[name].to_numpy(), among(value))
        which = np.flatnonzero(kept)
        starts = _offsets(said["prompt"])
        counts = np.diff(starts)[which // updates]
        ends = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(ends[-1]) - np.repeat(ends[:-1], counts)

        def taken(values: np.ndarray, first: np.ndarray) -> np.ndarray:
            return values[np.repeat(first, counts) + within]

        found = {}
        for name in columns:
            if name in ROW:
                found[name] = np.repeat(rows[name].to_numpy()[which], counts)
            elif name in SAID:
                found[name] = taken(_flat(said[name]), starts[which // updates])
            else:
                found[name] = taken(_flat(rows[name]), _offsets(rows[name])[which])
        return only(pd.DataFrame(found), {name: where[name] for name in where.keys() - wanted.keys()})


def _offsets(column) -> np.ndarray:
    """Where the list of each row begins in the flat values, and where the last one ends."""
    lengths = np.concatenate([np.diff(chunk.offsets.to_numpy()) for chunk in column.chunks])
    return np.concatenate([[0], np.cumsum(lengths)])


def _flat(column) -> np.ndarray:
    return np.concatenate([chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks])
