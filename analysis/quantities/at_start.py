"""What a rollout's first update is, beside what its completions or its experiment predict."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lazy import pd
from ..run import Run
from ..theory.prefix_weight import binary_prefix_weight, expected_prefix_gradient, prefix_weight, token_weights
from .base import ANYTHING, CASE, RATIOS, column, quantity


@quantity(
    "prefix/weight",
    RATIOS,
    within=ANYTHING,
    closed_forms={"group_covariance": column("covariance"), "binary_prefix_weight": column("binary")},
)
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


@quantity("objective", RATIOS, within=ANYTHING, closed_forms={"length_covariance": column("covariance")})
def objective_at_start(run: Run) -> pd.DataFrame:
    """The objective's value at each recorded rollout's first update, beside Σ_i ω_i A_i L_i from its completions."""
    completions = _completions_at_start(run)
    completions["advantage"] *= completions["length"]
    predicted = completions.groupby(CASE)[["length", "advantage"]].apply(lambda group: _weight(run, group))
    measured = _at_first_updates(run, "objective")
    rows = pd.concat([measured, predicted.rename("covariance")], axis=1, join="inner")
    return rows.dropna().reset_index()


@quantity("prefix/expected_bias", closed_forms={"expected_prefix_bias": column("closed_form")})
def expected_bias_at_start(run: Run) -> pd.DataFrame:
    """The oracle's `prefix/expected_bias` of the first rollout, beside the closed form for the length trap."""
    rows = run.stored_updates.read(["point", "seed", "prefix/expected_bias"], rollout=0, update=1)
    closed = {point: _length_trap_bias(run.experiment(point)) for point in rows["point"].unique()}
    rows = rows.rename(columns={"prefix/expected_bias": "measured"})
    return rows.assign(closed_form=rows["point"].map(closed))


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


def _weight(run: Run, group: pd.DataFrame) -> float:
    experiment = _experiment_of(run, group)
    reduction = experiment["surrogate"]["reduction"]
    constant = reduction.get("length") or experiment["environment"].get("max_length", 1)
    weights = token_weights(reduction["kind"], group["length"], constant)
    return prefix_weight(weights, group["advantage"])


def _experiment_of(run: Run, group: pd.DataFrame) -> dict:
    return run.experiment(group.index[0][0] if isinstance(group.index[0], tuple) else group.index[0])


def _length_trap_bias(experiment: dict[str, Any]) -> float:
    """‖E[g]‖ through the first token when a run begins, all of it bias; NaN where there is no closed form.

    There is one in the length trap with one prompt, for a tabular policy that succeeds as often whichever way it goes
    (so that the return does not care), with advantages that are linear in the rewards and weights that depend on a
    completion's own length.
    """
    environment, policy, surrogate = experiment["environment"], experiment["policy"], experiment["surrogate"]
    reduction, group_size = surrogate["reduction"], experiment["training"]["group_size"]
    # what E[A | R] is in units of (G−1)/G (R − E R)
    unit = {"group_mean": 1.0, "leave_one_out": group_size / (group_size - 1)}.get(surrogate["advantage"]["kind"])
    known = environment["kind"] == "length_trap" and policy["kind"] == "tabular" and policy["start"] == "zeros"
    if not known or environment["num_prompts"] != 1 or unit is None or reduction["kind"] == "token_mean":
        return float("nan")
    short_right = np.asarray(environment["right_is_short"], dtype=bool)
    pi, success = _start(policy, len(short_right))
    if not np.allclose(success, success[0], rtol=1e-12):
        return float("nan")
    short, long = environment["short"], environment["long"]
    lengths = np.where(short_right, [[short], [long]], [[long], [short]])  # of right answers, of wrong ones
    right, wrong = (
        row.size * token_weights(reduction["kind"], row, reduction.get("length") or long) for row in lengths
    )
    return float(unit * np.linalg.norm(expected_prefix_gradient(pi, success, right, wrong, group_size)))


def _start(policy: dict[str, Any], num_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """π of the first tokens, and the probability of a right answer after each, as training begins."""
    logits = np.zeros((1 + num_tokens, num_tokens))
    if policy.get("bias") is not None:
        logits = logits + np.asarray(policy["bias"])
    if policy.get("initial_logits") is not None:
        logits = logits + np.asarray(policy["initial_logits"])[: 1 + num_tokens]
    chances = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    return chances[0], chances[1:, 0]
