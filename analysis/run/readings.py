"""The value that stands for a whole run, metric by metric, worked out in one passage through the updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..lazy import pd
from .stored import Columns, Stored, are_last, last

LANE = ("point", "seed")
ROLLOUT = (*LANE, "rollout")


def readings_of(updates: Stored, declared: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One row per point and seed, a column per metric that applies to some point, by each metric's declared reading.

    "mean": over all updates. "sum": over a rollout's updates, averaged over rollouts. "end": after the last update of
    a rollout, averaged over rollouts. "final": after the last update of the run. A quotient is that of its two
    metrics' own readings. Undefined values (NaN) are left out of averages.
    """
    names = [name for name in updates.names if name in declared]
    by_reading = {
        reading: [name for name in names if declared[name]["reading"] == reading]
        for reading in ("mean", "sum", "end", "final")
    }
    applies: set[str] = set()
    sums: dict[str, list[Columns]] = {"mean": [], "sum": [], "end": []}
    finals: list[Columns] = []
    for rows in map(_in_order, updates.arrays([*ROLLOUT, "update", *names])):
        if not len(rows["point"]):
            continue
        applies |= {name for name in names if name not in applies and not np.isnan(rows[name]).all()}
        ends = _only(rows, are_last(rows["point"], rows["update"]))
        final = _only(ends, are_last(ends["point"], ends["rollout"]))
        sums["mean"].append(_sums(rows, LANE, by_reading["mean"]))
        sums["sum"].append(_sums(_totals(rows, by_reading["sum"]), LANE, by_reading["sum"]))
        sums["end"].append(_sums(ends, LANE, by_reading["end"]))
        finals.append({name: final[name] for name in (*ROLLOUT, *by_reading["final"])})
    found = pd.concat([_averages(parts, by_reading[reading]) for reading, parts in sums.items()], axis=1)
    final = last(_frame(finals), "rollout").drop(columns="rollout").groupby([*LANE]).mean()
    found = found.join(final)[[name for name in names if name in applies]]
    for name in found.columns:
        if quotient := declared[name].get("quotient"):
            above, below = (found[part] for part in quotient)
            found[name] = above / below.where(below != 0)
    return found.reset_index()


def _in_order(rows: Columns) -> Columns:
    """Rows with those of a rollout next to each other, and those of a lane: as they are written, else sorted."""
    keys = [rows[name].astype(np.int64) for name in ROLLOUT]
    code = keys[0]
    for key in keys[1:]:
        code = code * (int(key.max(initial=0)) + 1) + key
    return rows if np.all(code[1:] >= code[:-1]) else _only(rows, np.argsort(code, kind="stable"))


def _only(rows: Columns, which: np.ndarray) -> Columns:
    return {name: values[which] for name, values in rows.items()}


def _starts(rows: Columns, keys: Sequence[str]) -> np.ndarray:
    """Where the first row of each group is."""
    new = np.zeros(len(rows["point"]), dtype=bool)
    new[:1] = True
    for key in keys:
        new[1:] |= rows[key][1:] != rows[key][:-1]
    return np.flatnonzero(new)


def _sums(rows: Columns, keys: Sequence[str], names: Sequence[str]) -> Columns:
    """Group by group the sum of what is defined, and under 'count/…' how many that are."""
    starts = _starts(rows, keys)
    found = {key: rows[key][starts] for key in keys}
    sizes = np.diff([*starts, len(rows["point"])])
    for name in names:
        values = rows[name].astype(np.float64, copy=False)
        undefined = np.isnan(values)
        if undefined.any():
            values = np.where(undefined, 0.0, values)
            found[f"count/{name}"] = sizes - np.add.reduceat(undefined.astype(np.int64), starts)
        else:
            found[f"count/{name}"] = sizes
        found[name] = np.add.reduceat(values, starts)
    return found


def _totals(rows: Columns, names: Sequence[str]) -> Columns:
    """Rollout by rollout the sum over its updates; undefined where it is at all of them."""
    found = _sums(rows, ROLLOUT, names)
    return {key: found[key] for key in ROLLOUT} | {
        name: np.where(found[f"count/{name}"] > 0, found[name], np.nan) for name in names
    }


def _averages(parts: list[Columns], names: Sequence[str]) -> pd.DataFrame:
    """The means, lane by lane: a lane may go on from part to part."""
    total = _frame(parts).groupby([*LANE]).sum()
    means = {name: total[name] / total[f"count/{name}"].where(total[f"count/{name}"] > 0) for name in names}
    return pd.DataFrame(means, index=total.index)


def _frame(parts: list[Columns]) -> pd.DataFrame:
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
