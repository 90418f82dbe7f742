"""verl's actor, and what it says of the batch.

Every mean of a ratio is over all tokens of the batch, at the sequence's level too. Tokens' log-ratios are held within
±20, except by gspo, geo_mean and dro.
Where verl writes a constant 0 for compatibility (`actor/pg_clipfrac_lower` of gspo and cispo, both fractions of sapo)
there is nothing to measure, and the key is missing here; so are the fractions of dppo, which look at π itself.

Reference: verl 1dda039b (2026-08-22), verl/trainer/ppo/core_algos.py, verl/workers/utils/losses.py,
verl/trainer/ppo/metric_utils.py.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .batches import Batches, Method
from .key import Key, Trainer

BOUND, SEQUENCE_MOST = 20.0, 10.0
UNBOUNDED = "restoring"  # the gate of dro, which does not hold the log-ratio that its KL is of


def truncates(method: Method) -> bool:
    return method.kind("gate") == "truncated_weight" and method.level == "token"


def geometric(method: Method) -> bool:
    return method.level == "clipped_sequence"


def has_fraction(method: Method) -> bool:
    return method.clips() or truncates(method) or geometric(method)


def has_lower(method: Method) -> bool:
    return geometric(method) or (method.clips() and method.level == "token" and method.gate.get("dual") is not None)


def compares(method: Method) -> bool:
    """Whether its loss reads a ratio: gpg's does not, and logs nothing."""
    return method.kind("gate") != "score"


def _held(batches: Batches) -> np.ndarray:
    """[n] the log-ratios, as the loss of the method's kind holds them."""
    if batches.method.level != "token" or batches.method.kind("gate") == UNBOUNDED:
        return batches.log_ratio
    return np.clip(batches.log_ratio, -BOUND, BOUND)


def _ratio(batches: Batches) -> np.ndarray:
    """[n] the ratios that the clip sees."""
    if batches.method.level == "sequence":
        return np.exp(np.minimum(batches.spread(batches.in_completions(batches.log_ratio)), SEQUENCE_MOST))
    return np.exp(_held(batches))


def _clipped_logarithms(batches: Batches) -> np.ndarray:
    """[n] whether geo_mean's clip of the logarithm changes a token's, whatever its sign."""
    level = batches.method.surrogate["level"]
    return (batches.log_ratio < -level["clip_low"]) | (batches.log_ratio > level["clip_high"])


def _fraction(batches: Batches) -> np.ndarray:
    method, good, bad = batches.method, batches.token_advantages > 0, batches.token_advantages < 0
    if geometric(method):
        return batches.over_tokens(_clipped_logarithms(batches) & good)
    ratio = _ratio(batches)
    if truncates(method):
        return batches.over_tokens(ratio != np.clip(ratio, method.gate["floor"], method.gate["cap"]))
    low, high = method.band
    return batches.over_tokens((good & (ratio > high)) | (bad & (ratio < low)))


def _lower(batches: Batches) -> np.ndarray:
    bad = batches.token_advantages < 0
    if geometric(batches.method):
        return batches.over_tokens(_clipped_logarithms(batches) & bad)
    return batches.over_tokens(bad & (_ratio(batches) > batches.method.gate["dual"]))


def _extreme(how: np.ufunc, values: str):
    return lambda batches: batches.over_completions(getattr(batches, values), how)


KEYS = (
    Key(
        "actor/pg_clipfrac",
        "clip/active_low + clip/active_high",
        "mean over tokens of: the clipped loss is the larger one, which is A > 0 and ratio > 1 + clip_ratio_high, or "
        "A < 0 and ratio < 1 − clip_ratio_low; of cispo: the ratio is cut, whatever the sign; of geo_mean: A > 0 and "
        "the logarithm is cut on either side",
        _fraction,
        has_fraction,
    ),
    Key(
        "actor/pg_clipfrac_lower",
        "clip/dual",
        "mean over tokens of: A < 0 and ratio > clip_ratio_c; of geo_mean: A < 0 and the logarithm is cut",
        _lower,
        has_lower,
    ),
    Key(
        "actor/ppo_kl",
        "kl/behavior_k1",
        "mean over tokens of −log ratio, before the update (ours: after it)",
        lambda batches: batches.over_tokens(-_held(batches)),
        compares,
    ),
    common.loss_alone("actor/pg_loss", "verl"),
    common.entropy(
        "actor/entropy_loss",
        definition="aggregated as the loss is, before the update (ours: over tokens, after it); missing at a rollout's "
        "first update, and where the loss is no mean over tokens",
        applies=Method.averages_tokens,
    ),
    common.gradient_norm("actor/grad_norm", definition="norm of the gradient, before clip_grad acts"),
    common.mean_reward("critic/score/mean"),
    Key("critic/score/max", None, "the largest", _extreme(np.maximum, "rewards"), looks_at="rollout"),
    Key("critic/score/min", None, "the smallest", _extreme(np.minimum, "rewards"), looks_at="rollout"),
    common.mean_reward("critic/rewards/mean", definition="the same as the score: no KL is taken off rewards here"),
    Key(
        "critic/advantages/mean",
        None,
        "mean over tokens: long completions count more",
        lambda batches: batches.over_tokens(batches.token_advantages),
        looks_at="rollout",
    ),
    Key("critic/advantages/max", None, "the largest", _extreme(np.maximum, "advantages"), looks_at="rollout"),
    Key("critic/advantages/min", None, "the smallest", _extreme(np.minimum, "advantages"), looks_at="rollout"),
    common.mean_length("response_length/mean"),
    common.max_length("response_length/max"),
    common.min_length("response_length/min"),
)
VERL = Trainer("verl", "verl", KEYS)
