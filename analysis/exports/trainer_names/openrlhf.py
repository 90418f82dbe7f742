"""OpenRLHF's actor, and what it says of the rollout.

Every mean of a ratio is over all tokens, at the sequence's level too. The ratio is of log-ratios within ±20, the KL of
log-ratios as they are.

Reference: OpenRLHF 3c3be623 (2026-08-13), openrlhf/models/loss.py, openrlhf/trainer/ray/ppo_actor.py,
openrlhf/trainer/ppo_trainer.py.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .key import Key, Trainer
from .seen import Method, Seen

BOUND = 20.0


def clips(method: Method) -> bool:
    return method.clips("token", "sequence")


def plain(method: Method) -> bool:
    return method.plain


def by_tokens(method: Method) -> bool:
    """Whether the loss is the mean over tokens, which is what our entropy is."""
    return method.reduction == "token_mean"


def _fraction(seen: Seen) -> np.ndarray:
    low, high = seen.method.band
    if seen.method.level == "sequence":
        ratio = seen.spread(seen.sequence_ratio)
    else:
        ratio = np.exp(np.clip(seen.log_ratio, -BOUND, BOUND))
    clipped = np.clip(ratio, low, high) * seen.token_advantages
    return seen.over_tokens(clipped < ratio * seen.token_advantages)


KEYS = (
    Key(
        "ppo_clip_ratio",
        "clip/active_low + clip/active_high",
        "mean over tokens of: the clipped objective is the smaller one, which is A > 0 and ratio > 1 + eps_clip_high, "
        "or A < 0 and ratio < 1 − eps_clip_low; dual_clip is not in it",
        _fraction,
        clips,
    ),
    Key(
        "ppo_kl",
        "kl/behavior_k1",
        "mean over tokens of −log ratio, before the update (ours: after it)",
        lambda seen: seen.over_tokens(-seen.log_ratio),
        clips,
    ),
    Key(
        "policy_loss",
        "objective",
        "−objective; missing with a KL or an entropy term, which OpenRLHF keeps apart from it",
        common.loss,
        plain,
        "gradient",
    ),
    Key(
        "entropy_loss",
        "entropy",
        "mean over tokens, before the update (ours: after it); missing at a rollout's first update, and where the loss "
        "is no mean over tokens",
        common.entropy,
        by_tokens,
        "entropy",
    ),
    Key(
        "actor_grad_norm",
        "grad/norm",
        "norm of the gradient; OpenRLHF logs that of a rollout's last update",
        common.gradient_norm,
        looks_at="gradient",
    ),
    Key("reward", "reward/mean", "mean over completions", common.mean_reward, looks_at="rollout"),
    Key("response_length", "length/mean", "mean over completions", common.mean_length, looks_at="rollout"),
    Key("rollout/reward_mean", "reward/mean", "mean over completions", common.mean_reward, looks_at="rollout"),
    Key(
        "rollout/reward_std",
        "reward/std",
        "deviation over the whole batch, with ddof 1 (ours: 0)",
        common.sample_deviation,
        looks_at="rollout",
    ),
    Key(
        "rollout/response_length_mean",
        "length/mean",
        "mean over completions",
        common.mean_length,
        looks_at="rollout",
    ),
)
OPENRLHF = Trainer(
    name="openrlhf",
    title="OpenRLHF",
    source="OpenRLHF 3c3be623 (2026-08-13), openrlhf/models/loss.py and trainer/ray/ppo_actor.py",
    logs="once per rollout: the mean over its updates",
    keys=KEYS,
)
