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
from .key import Key, Trainer
from .seen import Method, Seen

BOUND, SEQUENCE_MOST = 20.0, 10.0
UNBOUNDED = "restoring"  # the gate of dro, which does not hold the log-ratio that its KL is of


def clips(method: Method) -> bool:
    return method.clips("token", "sequence")


def truncates(method: Method) -> bool:
    return method.gate.get("kind") == "truncated_weight" and method.level == "token"


def geometric(method: Method) -> bool:
    return method.level == "clipped_sequence"


def has_fraction(method: Method) -> bool:
    return clips(method) or truncates(method) or geometric(method)


def has_lower(method: Method) -> bool:
    return geometric(method) or (method.clips("token") and method.gate.get("dual") is not None)


def compares(method: Method) -> bool:
    """Whether its loss reads a ratio: gpg's does not, and logs nothing."""
    return method.gate.get("kind") != "score"


def plain(method: Method) -> bool:
    return method.plain


def by_tokens(method: Method) -> bool:
    """Whether `loss_agg_mode` is the mean over tokens, which is what our entropy is."""
    return method.reduction == "token_mean"


def _held(seen: Seen) -> np.ndarray:
    """[n] the log-ratios, as the loss of the method's kind holds them."""
    if seen.method.level != "token" or seen.method.gate.get("kind") == UNBOUNDED:
        return seen.log_ratio
    return np.clip(seen.log_ratio, -BOUND, BOUND)


def _ratio(seen: Seen) -> np.ndarray:
    """[n] the ratios that the clip sees."""
    if seen.method.level == "sequence":
        return np.exp(np.minimum(seen.spread(seen.in_completions(seen.log_ratio)), SEQUENCE_MOST))
    return np.exp(_held(seen))


def _clipped_logarithms(seen: Seen) -> np.ndarray:
    """[n] whether geo_mean's clip of the logarithm changes a token's, whatever its sign."""
    level = seen.method.surrogate["level"]
    return (seen.log_ratio < -level["clip_low"]) | (seen.log_ratio > level["clip_high"])


def _fraction(seen: Seen) -> np.ndarray:
    method, good, bad = seen.method, seen.token_advantages > 0, seen.token_advantages < 0
    if geometric(method):
        return seen.over_tokens(_clipped_logarithms(seen) & good)
    ratio = _ratio(seen)
    if truncates(method):
        return seen.over_tokens(ratio != np.clip(ratio, method.gate["floor"], method.gate["cap"]))
    low, high = method.band
    return seen.over_tokens((good & (ratio > high)) | (bad & (ratio < low)))


def _lower(seen: Seen) -> np.ndarray:
    bad = seen.token_advantages < 0
    if geometric(seen.method):
        return seen.over_tokens(_clipped_logarithms(seen) & bad)
    return seen.over_tokens(bad & (_ratio(seen) > seen.method.gate["dual"]))


def _extreme(how: np.ufunc, values: str):
    return lambda seen: seen.over_completions(getattr(seen, values), how)


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
        lambda seen: seen.over_tokens(-_held(seen)),
        compares,
    ),
    Key(
        "actor/pg_loss",
        "objective",
        "−objective; missing with a KL or an entropy term, which verl keeps apart from it",
        common.loss,
        plain,
        "gradient",
    ),
    Key(
        "actor/entropy_loss",
        "entropy",
        "aggregated as the loss is, before the update (ours: over tokens, after it); missing at a rollout's first "
        "update, and where the loss is no mean over tokens",
        common.entropy,
        by_tokens,
        "entropy",
    ),
    Key(
        "actor/grad_norm",
        "grad/norm",
        "norm of the gradient, before clip_grad acts",
        common.gradient_norm,
        looks_at="gradient",
    ),
    Key("critic/score/mean", "reward/mean", "mean over completions", common.mean_reward, looks_at="rollout"),
    Key("critic/score/max", None, "the largest", _extreme(np.maximum, "rewards"), looks_at="rollout"),
    Key("critic/score/min", None, "the smallest", _extreme(np.minimum, "rewards"), looks_at="rollout"),
    Key(
        "critic/rewards/mean",
        "reward/mean",
        "the same as the score: no KL is taken off rewards here",
        common.mean_reward,
        looks_at="rollout",
    ),
    Key(
        "critic/advantages/mean",
        None,
        "mean over tokens: long completions count more",
        lambda seen: seen.over_tokens(seen.token_advantages),
        looks_at="rollout",
    ),
    Key("critic/advantages/max", None, "the largest", _extreme(np.maximum, "advantages"), looks_at="rollout"),
    Key("critic/advantages/min", None, "the smallest", _extreme(np.minimum, "advantages"), looks_at="rollout"),
    Key("response_length/mean", "length/mean", "mean over completions", common.mean_length, looks_at="rollout"),
    Key("response_length/max", None, "of the longest completion", common.most_length, looks_at="rollout"),
    Key("response_length/min", None, "of the shortest completion", common.least_length, looks_at="rollout"),
)
VERL = Trainer(
    name="verl",
    title="verl",
    source="verl 1dda039b (2026-08-22), verl/trainer/ppo/core_algos.py and metric_utils.py",
    logs="once per rollout: the mean over its updates",
    keys=KEYS,
)
