"""TRL's GRPOTrainer.

Ratio metrics are taken in the forward pass, before the optimizer step, at the level of `importance_sampling_level`: of
tokens, as a mean over all tokens of the batch; of sequences, as a mean over completions.

Reference: trl 1.16.0, trl/trainer/grpo_trainer.py, `_compute_loss`, `_generate_and_score_completions`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from . import key as common
from .batches import Batches, Method
from .key import Key, Trainer, Value

MOST, LEAST = 20.0, np.log(1e-8)  # of VESPO's log-weights


def truncates(method: Method) -> bool:
    """CISPO with TRL's one bound, which is a cap."""
    one_bound = method.kind("gate") == "truncated_weight" and not method.gate.get("floor")
    return one_bound and method.level in ("token", "sequence")


def gamma(method: Method) -> bool:
    return method.kind("gate") == "gamma_weight"


def sums_rewards(method: Method) -> bool:
    """Whether a completion's reward is the plain sum of its sources', which is what is recorded."""
    return method.kind("advantage") != "per_source"


def _at_level(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    """(ratios, advantages) at the method's level: one value per token, or one per completion."""
    if batches.method.level == "sequence":
        return batches.sequence_ratio, batches.advantages
    return batches.token_ratio, batches.token_advantages


def _low(batches: Batches) -> np.ndarray:
    ratio, advantages = _at_level(batches)
    return (ratio < batches.method.band[0]) & (advantages < 0)


def _high(batches: Batches) -> np.ndarray:
    ratio, advantages = _at_level(batches)
    return (ratio > batches.method.band[1]) & (advantages > 0)


def _above_cap(batches: Batches) -> np.ndarray:
    ratio, advantages = _at_level(batches)
    return (ratio > batches.method.gate["cap"]) & (advantages > 0)


def _mean(flags: Value) -> Value:
    """The mean of flags at the method's level."""
    return lambda batches: (
        batches.over_completions(flags(batches))
        if batches.method.level == "sequence"
        else batches.over_tokens(flags(batches))
    )


def _extreme(flags: Value, how: np.ufunc) -> Value:
    """The extreme of all completions' own means."""
    return lambda batches: batches.over_completions(
        flags(batches) if batches.method.level == "sequence" else batches.in_completions(flags(batches)), how
    )


def _phi(batches: Batches) -> np.ndarray:
    """φ(w) = exp(λ + k log w − λ w), of w the whole completion's ratio, held within [1e-8, e²⁰]."""
    gate, good = batches.method.gate, batches.advantages >= 0
    total = batches.in_completions(np.clip(batches.log_ratio, -MOST, MOST)) * batches.lengths
    log_w = np.clip(total, LEAST, MOST)
    k = np.where(good, gate["k_pos"], gate["k_neg"])
    rate = np.maximum(np.where(good, gate["lambda_pos"], gate["lambda_neg"]), 1e-4)
    return batches.over_completions(np.nan_to_num(np.exp(rate + k * log_w - rate * np.exp(log_w))))


_clip = partial(Key, applies=Method.clips)
LEVELS = "mean over tokens, or over completions where the ratio is the sequence's"
KEYS = (
    _clip("clip_ratio/low_mean", "clip/active_low", f"ratio < 1 − epsilon and A < 0: {LEVELS}", _mean(_low)),
    _clip("clip_ratio/high_mean", "clip/active_high", f"ratio > 1 + epsilon_high and A > 0: {LEVELS}", _mean(_high)),
    _clip(
        "clip_ratio/region_mean",
        "clip/active",
        f"either of the two: {LEVELS}; delta, which ours counts, is not in it",
        _mean(lambda batches: _low(batches) | _high(batches)),
    ),
    _clip("clip_ratio/low_min", None, "the smallest of all completions' own low_mean", _extreme(_low, np.minimum)),
    _clip("clip_ratio/high_max", None, "the largest of all completions' own high_mean", _extreme(_high, np.maximum)),
    Key(
        "cispo_clip_ratio",
        None,
        f"ratio > epsilon_high and A > 0: {LEVELS}; no gradient is zero there",
        _mean(_above_cap),
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
        lambda batches: batches.zero_std(batches.method.kind("advantage") == "batch_zscore"),
        sums_rewards,
        "rollout",
    ),
    common.mean_length("completions/mean_length"),
    common.min_length("completions/min_length"),
    common.max_length("completions/max_length"),
)
TRL = Trainer("trl", "TRL", KEYS)
