"""OpenRLHF's actor, and what it says of the rollout.

Every mean of a ratio is over all tokens, at the sequence's level too. The ratio is of log-ratios within ±20, the KL of
log-ratios as they are.

Reference: OpenRLHF 3c3be623 (2026-08-13), openrlhf/models/loss.py, openrlhf/trainer/ray/ppo_actor.py,
openrlhf/trainer/ppo_trainer.py.
"""

from __future__ import annotations

import numpy as np

from . import key as common
from .batches import Batches, Method
from .key import Key, Trainer

BOUND = 20.0


def _fraction(batches: Batches) -> np.ndarray:
    low, high = batches.method.band
    if batches.method.level == "sequence":
        ratio = batches.spread(batches.sequence_ratio)
    else:
        ratio = np.exp(np.clip(batches.log_ratio, -BOUND, BOUND))
    clipped = np.clip(ratio, low, high) * batches.token_advantages
    return batches.over_tokens(clipped < ratio * batches.token_advantages)


KEYS = (
    Key(
        "ppo_clip_ratio",
        "clip/active_low + clip/active_high",
        "mean over tokens of: the clipped objective is the smaller one, which is A > 0 and ratio > 1 + eps_clip_high, "
        "or A < 0 and ratio < 1 − eps_clip_low; dual_clip is not in it",
        _fraction,
        Method.clips,
    ),
    Key(
        "ppo_kl",
        "kl/behavior_k1",
        "mean over tokens of −log ratio, before the update (ours: after it)",
        lambda batches: batches.over_tokens(-batches.log_ratio),
        Method.clips,
    ),
    common.loss_alone("policy_loss", "OpenRLHF"),
    common.entropy(
        "entropy_loss",
        definition="mean over tokens, before the update (ours: after it); missing at a rollout's first update, and "
        "where the loss is no mean over tokens",
        applies=Method.averages_tokens,
    ),
    common.gradient_norm(
        "actor_grad_norm", definition="norm of the gradient; OpenRLHF logs that of a rollout's last update"
    ),
    common.mean_reward("reward"),
    common.mean_length("response_length"),
    common.mean_reward("rollout/reward_mean"),
    common.reward_std("rollout/reward_std"),
    common.mean_length("rollout/response_length_mean"),
)
OPENRLHF = Trainer("openrlhf", "OpenRLHF", KEYS)
