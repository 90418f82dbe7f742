"""Derived quantities of the clip: when all tokens are beyond it, how long they stay, on which side."""

from __future__ import annotations

from ..lazy import pd
from ..run import Run
from .base import CASE, RATIOS, quantity


@quantity("clip/active", "grad/norm")
def first_all_clipped(run: Run) -> pd.DataFrame:
    """The first update of a rollout that finds the gradient of every token clipped away, counted from 1.

    Every token of the update's minibatch is silenced (`clip/active` is 1), or some are and the whole gradient is zero:
    the others are of groups without signal, and had none to lose. NaN for a rollout in which that never happens.
    """
    parts = []
    for rows in run.stored_updates.each([*CASE, "update", "clip/active", "grad/norm"]):
        active = rows["clip/active"]
        silent = (active == 1) | ((active > 0) & (rows["grad/norm"] == 0))
        parts.append(rows["update"].where(silent).groupby([rows[key] for key in CASE]).min())
    return pd.concat(parts).rename("measured").reset_index()


@quantity("clip/outside")
def time_outside(run: Run) -> pd.DataFrame:
    """The number of a rollout's updates that find a token outside the band, whatever the sign of its advantage.

    Σ clip/outside   over the rollout's updates

    which is a mean over the tokens of each update's minibatch. The place where the rollout's last update leaves a token
    is not counted: no update of the rollout finds it there.
    """
    parts = [
        rows.groupby(CASE)["clip/outside"].sum(min_count=1) for rows in run.stored_updates.each([*CASE, "clip/outside"])
    ]
    return pd.concat(parts).rename("measured").reset_index()


@quantity(RATIOS)
def advantage_imbalance(run: Run) -> pd.DataFrame:
    """Mean |advantage| of the prompt with the largest, over that of the prompt with the smallest."""
    first = run.stored_ratios.read([*CASE, "prompt", "advantage"], update=1)
    by_prompt = first.assign(size=first["advantage"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


@quantity(RATIOS)
def movement_imbalance(run: Run) -> pd.DataFrame:
    """Mean |log-ratio| after the first update of the prompt that moved most, over that of the one that moved least."""
    ratios = run.stored_ratios
    first = ratios.read([*CASE, "prompt", "log_ratio"], update=1, rollout=ratios.least("rollout"))
    by_prompt = first.assign(size=first["log_ratio"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


def _largest_over_smallest(by_prompt: pd.Series) -> pd.DataFrame:
    groups = by_prompt.groupby(CASE)
    return (groups.max() / groups.min()).rename("measured").reset_index().drop(columns="rollout")
