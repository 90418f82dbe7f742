"""Quantities that are worked out of a run's tables, each named for what it is: Run -> frame.

A frame has a row per case with the columns `point`, `seed` and `measured`, and the arguments that a closed form needs
to predict it. Claims name these quantities as they name recorded metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.summary import readings
from analysis.theory.prefix_weight import prefix_weight, token_weights

if TYPE_CHECKING:
    from analysis.run import Run

CASE = ["point", "seed", "rollout"]


def recorded(run: Run, metric: str) -> pd.DataFrame:
    """A recorded metric by its declared reading, with the numbers of the experiment that closed forms use."""
    values = readings(run)[["point", "seed", metric]].rename(columns={metric: "measured"})
    return values.join(_parameters(run), on="point")


def residual_update(run: Run) -> pd.DataFrame:
    """The size of each update after a rollout's last gradient, in units of the last update that had one.

    `j` counts from the first update without a gradient, `n` all the optimizer's updates up to the last one with.
    """
    updates = run.updates[[*CASE, "update", "grad/norm", "update/norm"]]
    active = updates[updates["grad/norm"] > 0].groupby(CASE)["update"].max().rename("last").reset_index()
    rows = updates.merge(active, on=CASE)
    reference = rows[rows["update"] == rows["last"]][[*CASE, "update/norm"]].rename(columns={"update/norm": "unit"})
    rows = rows[rows["update"] > rows["last"]].merge(reference, on=CASE)
    each = rows.groupby("point")["point"].transform(lambda point: _updates_per_rollout(run, point.iloc[0]))
    rows["j"] = rows["update"] - rows["last"]
    rows["n"] = rows["rollout"] * each + rows["last"]
    rows["measured"] = rows["update/norm"] / rows["unit"]
    return rows[[*CASE, "n", "j", "measured"]].join(_parameters(run), on="point")


def scale_elasticity(run: Run) -> pd.DataFrame:
    """d ln ‖Δθ‖ / d ln scale of the very first update, by least squares over the swept `environment.reward_scale`."""
    first = run.updates.query("rollout == 0 and update == 1")
    rows = [
        {"point": case["point"].iloc[0], "seed": seed, "measured": _slope(case, "update/norm")}
        for (*_, seed), case in _by_scale(run, first)
    ]
    return pd.DataFrame(rows, columns=["point", "seed", "measured"])


def scale_spread(run: Run) -> pd.DataFrame:
    """The largest relative difference that the reward's scale makes to how far the parameters have come."""
    final = readings(run).join(run.updates.groupby("point")[[*run.swept]].first(), on="point")
    rows = []
    for (*_, seed), case in _by_scale(run, final):
        distance = case.sort_values("environment.reward_scale")["update/displacement"]
        spread = distance.max() / distance.min() - 1
        rows.append({"point": case["point"].iloc[0], "seed": seed, "measured": spread})
    return pd.DataFrame(rows, columns=["point", "seed", "measured"])


def prefix_weight_at_start(run: Run) -> pd.DataFrame:
    """The recorded prefix weight of each recorded rollout's first update, beside Σ_i ω_i A_i from its completions."""
    tokens = run.ratios[run.ratios["update"] == 1]
    completions = tokens.groupby([*CASE, "prompt", "completion"]).agg(
        length=("token", "size"), advantage=("advantage", "first")
    )
    predicted = completions.groupby(CASE)[["length", "advantage"]].apply(lambda group: _weight(run, group))
    measured = run.updates[run.updates["update"] == 1].set_index(CASE)["prefix/weight"]
    rows = pd.concat([measured.rename("measured"), predicted.rename("covariance")], axis=1, join="inner")
    return rows.dropna().reset_index()


def advantage_imbalance(run: Run) -> pd.DataFrame:
    """Mean |advantage| of the prompt with the largest, over that of the prompt with the smallest."""
    first = run.ratios[run.ratios["update"] == 1]
    by_prompt = first.assign(size=first["advantage"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


def movement_imbalance(run: Run) -> pd.DataFrame:
    """Mean |log-ratio| after the first update of the prompt that moved most, over that of the one that moved least."""
    first = run.ratios[(run.ratios["update"] == 1) & (run.ratios["rollout"] == run.ratios["rollout"].min())]
    by_prompt = first.assign(size=first["log_ratio"].abs()).groupby([*CASE, "prompt"])["size"].mean()
    return _largest_over_smallest(by_prompt)


QUANTITIES = {
    "residual_update": residual_update,
    "scale_elasticity": scale_elasticity,
    "scale_spread": scale_spread,
    "prefix_weight_at_start": prefix_weight_at_start,
    "advantage_imbalance": advantage_imbalance,
    "movement_imbalance": movement_imbalance,
}


def _parameters(run: Run) -> pd.DataFrame:
    """The numbers of each point's experiment that closed forms are functions of, one row a point."""
    rows = []
    for point in range(len(run.manifest["points"])):
        experiment = run.experiment(point)
        gate, optimizer = experiment["surrogate"]["gate"], experiment["optimizer"]
        rows.append(
            {
                "b1": optimizer.get("b1", np.nan),
                "b2": optimizer.get("b2", np.nan),
                "clip_low": gate.get("clip_low", np.nan),
                "clip_high": gate.get("clip_high", np.nan),
                "probability": _uniform_probability(experiment),
            }
        )
    return pd.DataFrame(rows)


def _uniform_probability(experiment: dict) -> float:
    """What each token's probability is when a run begins; NaN where the policy does not begin uniform."""
    environment, policy = experiment["environment"], experiment["policy"]
    if policy.get("start") != "zeros" or policy.get("bias") is not None:
        return float("nan")
    return 1 / (environment["vocab_size"] if "vocab_size" in environment else len(environment["rewards"][0]))


def _updates_per_rollout(run: Run, point: int) -> int:
    training = run.experiment(point)["training"]
    return training["epochs"] * training["minibatches"]


def _by_scale(run: Run, frame: pd.DataFrame):
    """The rows that differ in the reward's scale alone."""
    others = [name for name in run.swept if name != "environment.reward_scale"]
    return frame.groupby([*others, "seed"], dropna=False)


def _slope(case: pd.DataFrame, column: str) -> float:
    moved = case[case[column] > 0]  # a group without signal moves nothing, at any scale
    if len(moved) < 2:
        return float("nan")
    return float(np.polyfit(np.log(moved["environment.reward_scale"]), np.log(moved[column]), 1)[0])


def _weight(run: Run, group: pd.DataFrame) -> float:
    point = group.index[0][0] if isinstance(group.index[0], tuple) else group.index[0]
    experiment = run.experiment(point)
    reduction = experiment["surrogate"]["reduction"]
    constant = reduction.get("length") or experiment["environment"].get("max_length", 1)
    weights = token_weights(reduction["kind"], group["length"], constant)
    return prefix_weight(weights, group["advantage"])


def _largest_over_smallest(by_prompt: pd.Series) -> pd.DataFrame:
    groups = by_prompt.groupby(CASE)
    return (groups.max() / groups.min()).rename("measured").reset_index().drop(columns="rollout")
