"""What a trainer's forward pass sees at each update: tokens, completions, and the method's bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Method:
    """The point of the product that a run's point trains with, as its manifest has it."""

    surrogate: dict[str, Any]
    starts_at_one: bool = True  # whether ratios are known to be 1 before a rollout's first update

    @property
    def level(self) -> str:
        return self.kind("level") or "token"

    @property
    def gate(self) -> dict[str, Any]:
        return self.surrogate.get("gate", {})

    def kind(self, part: str) -> str | None:
        """Which advantage, reduction, … it has."""
        return self.surrogate.get(part, {}).get("kind")

    def has_one_term(self) -> bool:
        """Whether the objective is the surrogate alone, without a KL or an entropy term."""
        return self.surrogate.get("kl") is None and self.surrogate.get("entropy") is None

    def clips(self) -> bool:
        """Whether it has PPO's clip, at the token's or the sequence's level."""
        return self.kind("gate") == "clip" and self.level in ("token", "sequence")

    def averages_tokens(self) -> bool:
        """Whether the loss is the mean over tokens, which is what our entropy is."""
        return self.kind("reduction") == "token_mean"

    @property
    def band(self) -> tuple[float, float]:
        """The ratios that PPO's clip is between."""
        return 1.0 - self.gate["clip_low"], 1.0 + self.gate["clip_high"]


@dataclass(frozen=True)
class Batches:
    """The batch of each of `U` updates of one point: together `n` tokens of `c` completions.

    The tokens of an update are next to each other, and in it those of a completion.
    """

    method: Method
    log_ratio: np.ndarray  # [n] log π − log π_behavior before the update
    token_advantages: np.ndarray  # [n]
    update_starts: np.ndarray  # [U] the first token of each update
    completion_starts: np.ndarray  # [c] the first token of each completion
    prompts: np.ndarray  # [c] of its completion
    token_rewards: np.ndarray  # [n] of its completion
    known: np.ndarray  # [U] whether the log-ratios before the update are known
    recorded: dict[str, np.ndarray]  # [U] our own metrics, each as it was before or in the update

    def over_tokens(self, values: np.ndarray) -> np.ndarray:
        """The mean over an update's tokens, `[n]` to `[U]`: every token weighs the same."""
        return np.add.reduceat(values.astype(float), self.update_starts) / self.counts

    def over_completions(self, values: np.ndarray, how: np.ufunc | None = None) -> np.ndarray:
        """The mean over an update's completions, `[c]` to `[U]`, or what a ufunc reduces them to."""
        if how is not None:
            return how.reduceat(values.astype(float), self.first_completions)
        return np.add.reduceat(values.astype(float), self.first_completions) / self.completions

    def in_completions(self, values: np.ndarray) -> np.ndarray:
        """The mean over each completion's tokens, `[n]` to `[c]`."""
        return np.add.reduceat(values.astype(float), self.completion_starts) / self.lengths

    @cached_property
    def counts(self) -> np.ndarray:
        """[U] tokens of each update."""
        return np.diff([*self.update_starts, len(self.log_ratio)])

    @cached_property
    def lengths(self) -> np.ndarray:
        """[c] tokens of each completion."""
        return np.diff([*self.completion_starts, len(self.log_ratio)])

    @cached_property
    def first_completions(self) -> np.ndarray:
        """[U] the first completion of each update."""
        return np.searchsorted(self.completion_starts, self.update_starts)

    @cached_property
    def completions(self) -> np.ndarray:
        """[U] completions of each update."""
        return np.diff([*self.first_completions, len(self.completion_starts)])

    @cached_property
    def update_of(self) -> np.ndarray:
        """[c] the update that each completion is seen in."""
        return np.repeat(np.arange(len(self.completions)), self.completions)

    @cached_property
    def advantages(self) -> np.ndarray:
        """[c] of each completion."""
        return self.token_advantages[self.completion_starts]

    @cached_property
    def rewards(self) -> np.ndarray:
        """[c] of each completion."""
        return self.token_rewards[self.completion_starts]

    @cached_property
    def token_ratio(self) -> np.ndarray:
        """[n] each token's own ratio."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_ratio)

    @cached_property
    def sequence_ratio(self) -> np.ndarray:
        """[c] the exponential of the mean of a completion's log-ratios."""
        with np.errstate(over="ignore"):
            return np.exp(self.in_completions(self.log_ratio))

    def spread(self, values: np.ndarray) -> np.ndarray:
        """A completion's value at each of its tokens, `[c]` to `[n]`."""
        return np.repeat(values, self.lengths)

    def min_length(self) -> np.ndarray:
        return self.over_completions(self.lengths, np.minimum)

    def max_length(self) -> np.ndarray:
        return self.over_completions(self.lengths, np.maximum)

    def reward_std(self) -> np.ndarray:
        """The standard deviation of the completions' rewards over the whole batch, with ddof 1."""
        return pd.Series(self.rewards).groupby(self.update_of).std().to_numpy()

    def zero_std(self, whole_batch: bool = False) -> np.ndarray:
        """[U] the share of completions whose group's rewards (or all of the batch's) have a deviation of 0 (1e-8)."""
        groups = [self.update_of] if whole_batch else [self.update_of, self.prompts]
        std = pd.Series(self.rewards).groupby(groups).transform("std").fillna(0.0)  # of one completion there is none
        return self.over_completions(std.to_numpy() <= 1e-8)
