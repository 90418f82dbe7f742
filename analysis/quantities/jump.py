"""What a jump of the rewards' scale does to the updates after it."""

from __future__ import annotations

import numpy as np

from ..lazy import pd
from ..run import Run
from ..theory.adam import scale_jump
from .base import CASE, quantity
from .parameters import parameters, updates_per_rollout


@quantity(
    "update/norm",
    counts=("j",),
    closed_forms={"scale_jump": lambda case: scale_jump(case["n"], case["j"], case["factor"], case["b1"], case["b2"])},
)
def jump_response(run: Run) -> pd.DataFrame:
    """The size of each update after the reward scale's jump, in units of the last update before it.

    `j` counts from the first update after the jump, `n` the updates before it, `factor` is what the scale grew by.
    """
    jumps = _jumps(run).dropna(subset=["at"])
    rows = run.stored_updates.read([*CASE, "update", "update/norm"], point=set(jumps.index)).join(jumps, on="point")
    rows["count"] = rows["rollout"] * rows["each"] + rows["update"]
    rows["n"] = rows["at"] * rows["each"]
    rows["j"] = rows["count"] - rows["n"]
    unit = rows[rows["j"] == 0].set_index(["point", "seed"])["update/norm"].rename("unit")
    rows = rows[rows["j"] > 0].join(unit, on=["point", "seed"])
    rows["measured"] = rows["update/norm"] / rows["unit"]
    return rows[[*CASE, "n", "j", "factor", "measured"]].join(parameters(run), on="point")


@quantity("update/norm")
def jump_peak(run: Run) -> pd.DataFrame:
    """The largest update after the reward scale's jump, in units of the last one before it."""
    return jump_response(run).groupby(["point", "seed"])["measured"].max().reset_index()


def _jumps(run: Run) -> pd.DataFrame:
    """When each point's reward scale jumps (the first rollout after), by what factor, and its updates per rollout."""
    rows = []
    for point in range(len(run.points)):
        scale = run.experiment(point)["environment"].get("reward_scale")
        jumps = isinstance(scale, dict) and scale["kind"] == "jump"
        row = {"at": scale["at"], "factor": scale["after"] / scale["before"]} if jumps else {"at": np.nan, "factor": 1}
        rows.append({**row, "each": updates_per_rollout(run, point)})
    return pd.DataFrame(rows)
