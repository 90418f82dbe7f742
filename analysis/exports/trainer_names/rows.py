"""A row per update of each recorded rollout: a trainer's keys, worked out from the recorded tokens.

A trainer takes its metrics in the forward pass, before the step. So those of update k look at the log-ratios that
update k − 1 left, and those of a rollout's first update at log-ratios of 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from ...run.stored import Stored
from ...run.stored_tokens import ROW, StoredTokens
from ..errors import ExportError
from ..selection import Selection
from ..source import Pieces, Source, as_table, chosen, point_columns, sliced
from .batches import Batches, Method
from .key import Key, Trainer

if TYPE_CHECKING:
    from ...run.run import Run

RECORDED = ("grad/norm", "objective", "entropy")  # our metrics that trainers' keys are made of
TOKENS = (*ROW, "prompt", "completion", "position", "reward", "advantage", "log_ratio")
FRESH = ("sampled", "fixed")  # kinds of rollouts that the policy itself has said, unless it is stale


def trainer_rows(run: Run, trainer: Trainer, selection: Selection, columns: Sequence[str] | None) -> Source:
    """What the trainer would have logged at each update. Raises ExportError where the tables do not tell."""
    if not run.has_ratios:
        raise ExportError(
            "metric-names",
            f"{trainer.title}'s definitions need recorded tokens: the scenario wants [record] ratios = {{}}",
        )
    methods = {point: _method(run, trainer, point) for point in selection.points}
    recorded = [name for name in RECORDED if name in run.stored_updates.names]
    keys = [key for key in trainer.keys if not key.lacks(recorded) and any(map(key.applies, methods.values()))]
    of_points = point_columns(run)
    ids = (*ROW, *of_points)
    names = chosen(columns, ids, [key.name for key in keys])
    keys = [key for key in keys if key.name in names]
    kinds = dict(zip(ROW, (pa.int32(), pa.int64(), pa.int32(), pa.int32()), strict=True))
    kinds |= {name: column.type for name, column in of_points.items()}
    schema = pa.schema([*((name, kinds[name]) for name in ids), *((key.name, pa.float64()) for key in keys)])

    def pieces() -> Pieces:
        parts = list(_parts(run))
        for number, (tokens, updates) in enumerate(parts):
            beside = pd.concat(updates.each([*ROW, *recorded], point=selection.points), ignore_index=True)
            for frame in tokens.each(TOKENS, point=selection.points):
                rows = _rows(frame, beside, methods, keys)
                table = as_table(rows[selection.rows(rows)], schema, of_points)
                yield from sliced(number / len(parts), 1 / len(parts), table)

    return Source(schema, ids, pieces)


def _method(run: Run, trainer: Trainer, point: int) -> Method:
    """What a point trains with. Raises ExportError where its updates see minibatches: nobody knows which."""
    experiment = run.experiment(point)
    if experiment["training"].get("minibatches", 1) > 1:
        raise ExportError(
            "metric-names",
            f"{run.labels[point]}: its updates see minibatches, and which completions were in them is not recorded, so "
            f"that {trainer.title}'s metrics of them cannot be worked out",
        )
    rollouts = experiment.get("rollouts", {})
    fresh = rollouts.get("kind", "sampled") in FRESH and not rollouts.get("staleness")
    return Method(experiment.get("surrogate", {}), starts_at_one=fresh)


def _parts(run: Run) -> Iterator[tuple[StoredTokens, Stored]]:
    """The recorded tokens part by part, each with the updates of the same rollouts."""
    tokens, updates = run.stored_ratios, run.stored_updates
    by_name = {part.name: part for part in updates.parts if isinstance(part, Path)}
    for part in tokens.parts:
        beside = by_name.get(part.name) if isinstance(part, Path) else None
        yield StoredTokens([part]), updates if beside is None else Stored([beside])


def _rows(frame: pd.DataFrame, beside: pd.DataFrame, methods: dict[int, Method], keys: list[Key]) -> pd.DataFrame:
    """One row per point, seed, rollout and update that there are tokens of."""
    found = []
    for point, tokens in frame.sort_values(list(ROW), kind="stable").groupby("point"):
        batches = _batches(tokens, beside, methods[point])
        values = {key.name: key.of(batches) for key in keys if key.applies(batches.method)}
        found.append(tokens[list(ROW)].iloc[batches.update_starts].assign(**values))
    return pd.concat(found, ignore_index=True) if found else frame[list(ROW)]


def _batches(tokens: pd.DataFrame, beside: pd.DataFrame, method: Method) -> Batches:
    """The updates of one point, each with the log-ratios that the one before it left."""
    starts, completions = _starts(tokens, ROW), _starts(tokens, (*ROW, "prompt", "completion"))
    rows = tokens[list(ROW)].iloc[starts]
    first = ~rows.duplicated(["seed", "rollout"]).to_numpy()
    counts = np.diff([*starts, len(tokens)])
    later = np.flatnonzero(np.repeat(~first, counts))
    earlier = later - np.repeat(counts, counts)[later]
    for name in ("prompt", "completion", "position"):
        values = tokens[name].to_numpy()
        if (values[later] != values[earlier]).any():
            raise ValueError("the tokens of a rollout's updates are not in the same order")
    before = np.zeros(len(tokens))
    before[later] = tokens["log_ratio"].to_numpy()[earlier]
    ours = rows.merge(beside, on=list(ROW), how="left")
    recorded = {name: ours[name].to_numpy(dtype=float) for name in RECORDED if name in ours}
    if "entropy" in recorded:
        recorded["entropy"] = np.where(first, np.nan, np.roll(recorded["entropy"], 1))
    return Batches(
        method=method,
        log_ratio=before,
        token_advantages=tokens["advantage"].to_numpy(),
        update_starts=starts,
        completion_starts=completions,
        prompts=tokens["prompt"].to_numpy()[completions],
        token_rewards=tokens["reward"].to_numpy(),
        known=~first | method.starts_at_one,
        recorded=recorded,
    )


def _starts(rows: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Where the first row of each stretch is in which none of the columns changes."""
    new = np.arange(len(rows)) == 0
    for name in columns:
        values = rows[name].to_numpy()
        new[1:] |= values[1:] != values[:-1]
    return np.flatnonzero(new)
