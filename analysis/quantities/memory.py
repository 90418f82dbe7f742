"""What memory carried, and what it caused.

Memory *carries* a token where the coasting part of an update moves it. It *causes* what would not have happened without
it, which is less: without memory other tokens' gradients would have carried the token part of the same way.
"""

from __future__ import annotations

import numpy as np

from ..lazy import pd
from ..run import Run
from ..run.stored import last
from .base import ANYTHING, RATIOS, quantity

TOKEN = ["point", "seed", "rollout", "prompt", "completion", "position"]
LARGEST = "drift/excess_max"


@quantity("drift/coasted", RATIOS, within=ANYTHING)
def carried_share(run: Run) -> pd.DataFrame:
    """Of the way that a rollout's furthest silenced token went after it was silenced, the share that was coasting.

    Σ coasting / Σ Δ log ρ,   over the updates that found the token silenced
    """
    columns = [*TOKEN, "update", "log_ratio", "advantage", "coasting", "clip_active"]
    return pd.concat(map(_carried, run.stored_ratios.each(columns)), ignore_index=True)


def _carried(tokens: pd.DataFrame) -> pd.DataFrame:
    """The same of some rollouts."""
    tokens = tokens.sort_values([*TOKEN, "update"])
    change = tokens.groupby(TOKEN)["log_ratio"].diff().fillna(tokens["log_ratio"])
    outwards = np.sign(tokens["advantage"])
    silent = tokens.assign(moved=outwards * change, coasted=outwards * tokens["coasting"])[tokens["clip_active"]]
    each = silent.groupby(TOKEN)[["moved", "coasted"]].sum().reset_index()
    furthest = each.loc[each.groupby(["point", "seed", "rollout"])["moved"].idxmax()]
    return furthest.assign(measured=furthest["coasted"] / furthest["moved"])[["point", "seed", "rollout", "measured"]]


@quantity("drift/excess_max", "twin/drift/excess_max", within=(None, 1.0))
def caused_share(run: Run) -> pd.DataFrame:
    """Of the largest log-ratio beyond the bound at a rollout's end, the share that the memoryless twin does not have.

    1 − twin's / own
    """
    columns = ["point", "seed", "rollout", "update", LARGEST, f"twin/{LARGEST}"]
    ends = pd.concat([last(part, "update") for part in run.stored_updates.each(columns)], ignore_index=True)
    own, theirs = ends[LARGEST], ends[f"twin/{LARGEST}"]
    rows = ends[["point", "seed", "rollout"]].assign(measured=(own - theirs) / own.where(own > 0))
    return rows.dropna(subset=["measured"])
