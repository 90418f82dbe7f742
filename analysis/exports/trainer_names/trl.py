"""TRL's GRPOTrainer.

Ratio metrics are taken in the forward pass, before the optimizer step, at the level of `importance_sampling_level`: of
tokens, as a mean over all tokens of the batch; of sequences, as a mean over completions.

Reference: trl 1.16.0, trl/trainer/grpo_trainer.py, `_compute_loss`, `_generate_and_score_completions`.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .batches import Batches, Method
from .key import Key, Trainer

MOST, LEAST = 20.0, np.log(1e-8)  # of VESPO's log-weights


def truncates(method: Method) -> bool:
    """CISPO with TRL's one bound, which is a cap."""
    gate = method.gate
    return gate.get("kind") == "truncated_weight" and not gate.get("floor") and method.level in ("token", "sequence")


def gamma(method: Method) -> bool:
    return method.gate.get("kind") == "gamma_weight"


def sums_rewards(method: Method) -> bool:
    """Whether a completion's reward is the plain sum of its sources', which is what is recorded."""
    return method.advantage != "per_source"


def _flags(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) at the method's level: one value per token, or one per completion."""
    low, high = batches.method.band
    if batches.method.level == "sequence":
        ratio, advantages = batches.sequence_ratio, batches.advantages
    else:
        ratio, advantages = batches.token_ratio, batches.token_advantages
    return (ratio < low) & (advantages < 0), (ratio > high) & (advantages > 0)


def _mean(batches: Batches, flags: np.ndarray) -> np.ndarray:
    return batches.over_completions(flags) if batches.method.level == "sequence" else batches.over_tokens(flags)


def _each(batches: Batches, flags: np.ndarray) -> np.ndarray:
    return flags if batches.method.level == "sequence" else batches.in_completions(flags)


def _truncated(batches: Batches) -> np.ndarray:
    cap = batches.method.gate["cap"]
    if batches.method.level == "sequence":
        return batches.over_completions((batches.sequence_ratio > cap) & (batches.advantages > 0))
    return batches.over_tokens((batches.token_ratio > cap) & (batches.token_advantages > 0))


def _phi(batches: Batches) -> np.ndarray:
    """φ(w) = exp(λ + k log w − λ w), of w the whole completion's ratio, held within [1e-8, e²⁰]."""
    gate, good = batches.method.gate, batches.advantages >= 0
    total = batches.in_completions(np.clip(batches.log_ratio, -MOST, MOST)) * batches.lengths
    log_w = np.clip(total, LEAST, MOST)
    k = np.where(good, gate["k_pos"], gate["k_neg"])
    rate = np.maximum(np.where(good, gate["lambda_pos"], gate["lambda_neg"]), 1e-4)
    return batches.over_completions(np.nan_to_num(np.exp(rate + k * log_w - rate * np.exp(log_w))))


LEVELS = "mean over tokens, or over completions where the ratio is the sequence's"
KEYS = (
    Key(
        "clip_ratio/low_mean",
        "clip/active_low",
        f"ratio < 1 − epsilon and A < 0: {LEVELS}",
        lambda batches: _mean(batches, _flags(batches)[0]),
        Method.clips,
    ),
    Key(
        "clip_ratio/high_mean",
        "clip/active_high",
        f"ratio > 1 + epsilon_high and A > 0: {LEVELS}",
        lambda batches: _mean(batches, _flags(batches)[1]),
        Method.clips,
    ),
    Key(
        "clip_ratio/region_mean",
        "clip/active",
        f"either of the two: {LEVELS}; delta, which ours counts, is not in it",
        lambda batches: _mean(batches, np.logical_or(*_flags(batches))),
        Method.clips,
    ),
    Key(
        "clip_ratio/low_min",
        None,
        "the smallest of all completions' own low_mean",
        lambda batches: batches.over_completions(_each(batches, _flags(batches)[0]), np.minimum),
        Method.clips,
    ),
    Key(
        "clip_ratio/high_max",
        None,
        "the largest of all completions' own high_mean",
        lambda batches: batches.over_completions(_each(batches, _flags(batches)[1]), np.maximum),
        Method.clips,
    ),
    Key(
        "cispo_clip_ratio",
        None,
        f"ratio > epsilon_high and A > 0: {LEVELS}; no gradient is zero there",
        _truncated,
        truncates,
    ),
    Key("vespo/phi_seq_mean", None, "mean over completions of VESPO's weight φ", _phi, gamma),
    common.entropy(
        "entropy",
        definition="mean over tokens, before the update (ours: after it); missing at a rollout's first update",
    ),
    common.loss("loss", definition="−objective, its KL and entropy terms included"),
    common.gradient_norm("grad_norm", definition="norm of the gradient, before max_grad_norm acts"),
    common.mean_reward("reward", definition="mean over completions of the sum of all sources", applies=sums_rewards),
    common.reward_std("reward_std", applies=sums_rewards),
    Key(
        "frac_reward_zero_std",
        "group/zero_std",
        "share of completions whose group's deviation is 0 (within 1e-8); with scale_rewards = batch, the batch's",
        lambda batches: batches.zero_std(batches.method.advantage == "batch_zscore"),
        sums_rewards,
        "rollout",
    ),
    common.mean_length("completions/mean_length"),
    common.min_length("completions/min_length"),
    common.max_length("completions/max_length"),
)
TRL = Trainer("trl", "TRL", KEYS)
