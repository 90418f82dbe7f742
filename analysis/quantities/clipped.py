"""When the clip has silenced everything, and how long tokens are outside the band.

Both are counted in updates, from the first one of a rollout, which is update 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import pd
from .base import CASE, quantity

if TYPE_CHECKING:
    from ..run.run import Run


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
