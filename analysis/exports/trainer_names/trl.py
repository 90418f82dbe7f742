"""TRL's GRPOTrainer.

Ratio metrics are taken in the forward pass, before the optimizer step, at the level of `importance_sampling_level`: of
tokens, as a mean over all tokens of the batch; of sequences, as a mean over completions.

Reference: trl 1.16.0, trl/trainer/grpo_trainer.py, `_compute_loss`, `_generate_and_score_completions`.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .key import Key, Trainer
from .seen import Method, Seen

MOST, LEAST = 20.0, np.log(1e-8)  # of VESPO's log-weights


def clips(method: Method) -> bool:
    return method.clips("token", "sequence")


def truncates(method: Method) -> bool:
    """CISPO with TRL's one bound, which is a cap."""
    gate = method.gate
    return gate.get("kind") == "truncated_weight" and not gate.get("floor") and method.level in ("token", "sequence")


def gamma(method: Method) -> bool:
    return method.gate.get("kind") == "gamma_weight"


def sums_rewards(method: Method) -> bool:
    """Whether a completion's reward is the plain sum of its sources', which is what is recorded."""
    return method.advantage != "per_source"


def _flags(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) at the method's level: one value a token, or one per completion."""
    low, high = seen.method.band
    if seen.method.level == "sequence":
        ratio, advantages = seen.sequence_ratio, seen.advantages
    else:
        ratio, advantages = seen.token_ratio, seen.token_advantages
    return (ratio < low) & (advantages < 0), (ratio > high) & (advantages > 0)


def _mean(seen: Seen, flags: np.ndarray) -> np.ndarray:
    return seen.over_completions(flags) if seen.method.level == "sequence" else seen.over_tokens(flags)


def _each(seen: Seen, flags: np.ndarray) -> np.ndarray:
    return flags if seen.method.level == "sequence" else seen.in_completions(flags)


def _truncated(seen: Seen) -> np.ndarray:
    cap = seen.method.gate["cap"]
    if seen.method.level == "sequence":
        return seen.over_completions((seen.sequence_ratio > cap) & (seen.advantages > 0))
    return seen.over_tokens((seen.token_ratio > cap) & (seen.token_advantages > 0))


def _phi(seen: Seen) -> np.ndarray:
    """φ(w) = exp(λ + k log w − λ w), of w the whole completion's ratio, held within [1e-8, e²⁰]."""
    gate, good = seen.method.gate, seen.advantages >= 0
    total = seen.in_completions(np.clip(seen.log_ratio, -MOST, MOST)) * seen.lengths
    log_w = np.clip(total, LEAST, MOST)
    k = np.where(good, gate["k_pos"], gate["k_neg"])
    rate = np.maximum(np.where(good, gate["lambda_pos"], gate["lambda_neg"]), 1e-4)
    return seen.over_completions(np.nan_to_num(np.exp(rate + k * log_w - rate * np.exp(log_w))))


LEVELS = "mean over tokens, or over completions where the ratio is the sequence's"
KEYS = (
    Key(
        "clip_ratio/low_mean",
        "clip/active_low",
        f"ratio < 1 − epsilon and A < 0: {LEVELS}",
        lambda seen: _mean(seen, _flags(seen)[0]),
        clips,
    ),
    Key(
        "clip_ratio/high_mean",
        "clip/active_high",
        f"ratio > 1 + epsilon_high and A > 0: {LEVELS}",
        lambda seen: _mean(seen, _flags(seen)[1]),
        clips,
    ),
    Key(
        "clip_ratio/region_mean",
        "clip/active",
        f"either of the two: {LEVELS}; delta, which ours counts, is not in it",
        lambda seen: _mean(seen, np.logical_or(*_flags(seen))),
        clips,
    ),
    Key(
        "clip_ratio/low_min",
        None,
        "the smallest of all completions' own low_mean",
        lambda seen: seen.over_completions(_each(seen, _flags(seen)[0]), np.minimum),
        clips,
    ),
    Key(
        "clip_ratio/high_max",
        None,
        "the largest of all completions' own high_mean",
        lambda seen: seen.over_completions(_each(seen, _flags(seen)[1]), np.maximum),
        clips,
    ),
    Key(
        "cispo_clip_ratio",
        None,
        f"ratio > epsilon_high and A > 0: {LEVELS}; no gradient is zero there",
        _truncated,
        truncates,
    ),
    Key("vespo/phi_seq_mean", None, "mean over completions of VESPO's weight φ", _phi, gamma),
    Key(
        "entropy",
        "entropy",
        "mean over tokens, before the update (ours: after it); missing at a rollout's first update",
        common.entropy,
        looks_at="entropy",
    ),
    Key("loss", "objective", "−objective, its KL and entropy terms included", common.loss, looks_at="gradient"),
    Key(
        "grad_norm",
        "grad/norm",
        "norm of the gradient, before max_grad_norm acts",
        common.gradient_norm,
        looks_at="gradient",
    ),
    Key(
        "reward",
        "reward/mean",
        "mean over completions of the sum of all sources",
        common.mean_reward,
        sums_rewards,
        "rollout",
    ),
    Key(
        "reward_std",
        "reward/std",
        "deviation over the whole batch, with ddof 1 (ours: 0)",
        common.sample_deviation,
        sums_rewards,
        "rollout",
    ),
    Key(
        "frac_reward_zero_std",
        "group/zero_std",
        "share of completions whose group's deviation is 0 (within 1e-8); with scale_rewards = batch, the batch's",
        lambda seen: seen.zero_deviation(seen.method.advantage == "batch_zscore"),
        sums_rewards,
        "rollout",
    ),
    Key("completions/mean_length", "length/mean", "mean over completions", common.mean_length, looks_at="rollout"),
    Key("completions/min_length", None, "of the shortest completion", common.least_length, looks_at="rollout"),
    Key("completions/max_length", None, "of the longest completion", common.most_length, looks_at="rollout"),
)
TRL = Trainer(
    name="trl",
    title="TRL",
    source="trl 1.16.0, trl/trainer/grpo_trainer.py",
    logs="every optimizer step (logging_steps = 1)",
    keys=KEYS,
)
