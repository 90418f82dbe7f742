"""The problem that all of them train on, in three sizes.

P prompts have a target of T tokens each, drawn from V; a completion's reward is the share of its tokens that are
right. The policy is a table of logits `[S, V]` with a row for each of the S = P · T positions. GRPO, clip 0.2, AdamW,
four updates per rollout, float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

CLIP = 0.2
ADVANTAGE_EPS = 1e-6  # GRPO divides by the group's deviation plus this
WEIGHT_DECAY = 0.01
EPOCHS = 4

# What everyone records of every update: the probes by name, and the metrics that they are.
SUMMARY = ("ratio", "clip", "drift")
BEFORE = ("clip/active", "clip/active_low", "clip/active_high", "clip/outside")  # of the update's gradient
AFTER = ("ratio/mean", "ratio/min", "ratio/max", "ratio/ess", "drift/excess_mean", "drift/excess_max")
METRICS = (*BEFORE, *AFTER)


@dataclass(frozen=True)
class Problem:
    """One size; `num_rollouts` is how long our side's runs are when it is timed."""

    name: str
    num_prompts: int
    group_size: int
    length: int
    vocab_size: int
    num_rollouts: int
    learning_rate: float = 0.02

    @property
    def num_states(self) -> int:
        return self.num_prompts * self.length

    @property
    def tokens_per_update(self) -> int:
        return self.num_prompts * self.group_size * self.length

    @cached_property
    def targets(self) -> np.ndarray:
        """`[P, T]`"""
        return np.random.default_rng(0).integers(self.vocab_size, size=(self.num_prompts, self.length))

    @cached_property
    def states(self) -> np.ndarray:
        """The row of the table that each token is drawn from, `[P, 1, T]`."""
        return np.arange(self.num_states).reshape(self.num_prompts, 1, self.length)


SMALL = Problem("small", num_prompts=1, group_size=8, length=1, vocab_size=8, num_rollouts=50)
MEDIUM = Problem("medium", num_prompts=4, group_size=16, length=8, vocab_size=32, num_rollouts=20)
LARGE = Problem("large", num_prompts=16, group_size=64, length=32, vocab_size=128, num_rollouts=5)
SIZES = (SMALL, MEDIUM, LARGE)


@dataclass(frozen=True)
class Trained:
    """What a training run left: the logits `[S, V]`, and every metric of `METRICS` as `[I, K]`."""

    logits: np.ndarray
    metrics: dict[str, np.ndarray]
