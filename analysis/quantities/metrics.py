"""Quantities that are worked out of a run's tables, each named for what it is: Run -> frame.

A frame has a row per case with the columns `point`, `seed` and `measured`, and the arguments that a closed form needs
to predict it. Claims name these quantities as they name recorded metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..theory.expected_prefix_bias import binary_prefix_weight
from ..theory.prefix_weight import prefix_weight, token_weights
from .clipped import first_all_clipped, time_outside
from .elasticities import local_elasticity, scale_elasticity, scale_spread
from .length_trap import length_trap_bias
from .memory import carried_share, caused_share
from .parameters import parameters, updates_per_rollout
from .residuals import braking_distance, first_residual, residual_update
from .restarts import restart_update

if TYPE_CHECKING:
    from ..run.run import Run

CASE = ["point", "seed", "rollout"]


def recorded(run: Run, metric: str) -> pd.DataFrame:
    """A recorded metric by its declared reading, with the numbers of the experiment that closed forms use."""
    return readings_of(run, metric).join(parameters(run), on="point")


def readings_of(run: Run, metric: str) -> pd.DataFrame:
    """A recorded metric by its declared reading, and no more."""
    return run.readings[["point", "seed", metric]].rename(columns={metric: "measured"})


def prefix_weight_at_start(run: Run) -> pd.DataFrame:
    """The recorded prefix weight of each recorded rollout's first update, beside Σ_i ω_i A_i from its completions.

    `binary` is the closed form for GRPO's weights, where every reward is one of two.
    """
    completions = _completions_at_start(run).groupby(CASE)[["length", "advantage", "reward"]]
    predicted = completions.apply(lambda group: _weight(run, group)).rename("covariance")
    binary = completions.apply(lambda group: _binary_weight(run, group)).rename("binary")
    measured = _at_first_updates(run, "prefix/weight")
    rows = pd.concat([measured, predicted, binary], axis=1, join="inner")
    return rows.dropna(subset=["measured", "covariance"]).reset_index()


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


def jump_peak(run: Run) -> pd.DataFrame:
    """The largest update after the reward scale's jump, in units of the last one before it."""
    return jump_response(run).groupby(["point", "seed"])["measured"].max().reset_index()


def expected_bias_at_start(run: Run) -> pd.DataFrame:
    """The oracle's `prefix/expected_bias` of the first rollout, beside the closed form for the length trap."""
    rows = run.stored_updates.read(["point", "seed", "prefix/expected_bias"], rollout=0, update=1)
    closed = {point: length_trap_bias(run.experiment(point)) for point in rows["point"].unique()}
    rows = rows.rename(columns={"prefix/expected_bias": "measured"})
    return rows.assign(closed_form=rows["point"].map(closed))


def objective_at_start(run: Run) -> pd.DataFrame:
    """The objective's value at each recorded rollout's first update, beside Σ_i ω_i A_i L_i from its completions."""
    completions = _completions_at_start(run)
    completions["advantage"] *= completions["length"]
    predicted = completions.groupby(CASE)[["length", "advantage"]].apply(lambda group: _weight(run, group))
    measured = _at_first_updates(run, "objective")
    rows = pd.concat([measured, predicted.rename("covariance")], axis=1, join="inner")
    return rows.dropna().reset_index()


def advantage_imbalance(run: Run) -> pd.DataFrame:
    """Mean |advantage| of the prompt with the largest, over that of the prompt with the smallest."""
    first = run.stored_ratios.read([*CASE, "prompt", "advantage"], update=1)
    by_prompt = first.assign(size=first["advantage"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


def movement_imbalance(run: Run) -> pd.DataFrame:
    """Mean |log-ratio| after the first update of the prompt that moved most, over that of the one that moved least."""
    ratios = run.stored_ratios
    first = ratios.read([*CASE, "prompt", "log_ratio"], update=1, rollout=ratios.least("rollout"))
    by_prompt = first.assign(size=first["log_ratio"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


QUANTITIES = {
    "residual_update": residual_update,
    "first_residual": first_residual,
    "braking_distance": braking_distance,
    "carried_share": carried_share,
    "caused_share": caused_share,
    "first_all_clipped": first_all_clipped,
    "time_outside": time_outside,
    "restart_update": restart_update,
    "scale_elasticity": scale_elasticity,
    "local_elasticity": local_elasticity,
    "scale_spread": scale_spread,
    "prefix_weight_at_start": prefix_weight_at_start,
    "jump_response": jump_response,
    "jump_peak": jump_peak,
    "expected_bias_at_start": expected_bias_at_start,
    "objective_at_start": objective_at_start,
    "advantage_imbalance": advantage_imbalance,
    "movement_imbalance": movement_imbalance,
}


def _jumps(run: Run) -> pd.DataFrame:
    """When each point's reward scale jumps (the first rollout after), by what factor, and its updates a rollout."""
    rows = []
    for point in range(len(run.points)):
        scale = run.experiment(point)["environment"].get("reward_scale")
        jumps = isinstance(scale, dict) and scale["kind"] == "jump"
        row = {"at": scale["at"], "factor": scale["after"] / scale["before"]} if jumps else {"at": np.nan, "factor": 1}
        rows.append({**row, "each": updates_per_rollout(run, point)})
    return pd.DataFrame(rows)


def _at_first_updates(run: Run, metric: str) -> pd.Series:
    """A metric as it is recorded at the first update of each rollout."""
    return run.stored_updates.read([*CASE, metric], update=1).set_index(CASE)[metric].rename("measured")


def _completions_at_start(run: Run) -> pd.DataFrame:
    """Length, advantage and reward of the completions of each recorded rollout."""
    tokens = run.stored_ratios.read([*CASE, "prompt", "completion", "token", "advantage", "reward"], update=1)
    return tokens.groupby([*CASE, "prompt", "completion"]).agg(
        length=("token", "size"), advantage=("advantage", "first"), reward=("reward", "first")
    )


def _binary_weight(run: Run, group: pd.DataFrame) -> float:
    surrogate = _experiment_of(run, group)["surrogate"]
    kinds = surrogate["advantage"]["kind"], surrogate["reduction"]["kind"]
    if kinds != ("group_zscore", "sequence_mean") or group["reward"].nunique() > 2:
        return float("nan")
    right = group["reward"] == group["reward"].max()
    return binary_prefix_weight(group["length"], right, surrogate["advantage"]["ddof"])


def _experiment_of(run: Run, group: pd.DataFrame) -> dict:
    return run.experiment(group.index[0][0] if isinstance(group.index[0], tuple) else group.index[0])


def _weight(run: Run, group: pd.DataFrame) -> float:
    experiment = _experiment_of(run, group)
    reduction = experiment["surrogate"]["reduction"]
    constant = reduction.get("length") or experiment["environment"].get("max_length", 1)
    weights = token_weights(reduction["kind"], group["length"], constant)
    return prefix_weight(weights, group["advantage"])


def _largest_over_smallest(by_prompt: pd.Series) -> pd.DataFrame:
    groups = by_prompt.groupby(CASE)
    return (groups.max() / groups.min()).rename("measured").reset_index().drop(columns="rollout")
