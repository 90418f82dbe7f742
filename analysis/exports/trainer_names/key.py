"""What a trainer's key is: its name, its definition, when it applies, and how it comes from what the trainer saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .seen import Method, Seen

LooksAt = Literal["ratios", "rollout", "gradient", "entropy"]


def always(_: Method) -> bool:
    """Whatever the method."""
    return True


@dataclass(frozen=True)
class Key:
    """One metric of a trainer.

    `ours` is our metric of the same thing, not always of the same definition. `value` gives a number per update, `[U]`.
    What looks at ratios or at the entropy is undefined (NaN) in those updates before which they are not known.
    """

    name: str
    ours: str | None
    definition: str
    value: Callable[[Seen], np.ndarray]
    applies: Callable[[Method], bool] = always
    looks_at: LooksAt = "ratios"

    def of(self, seen: Seen) -> np.ndarray:
        """The metric of each update; NaN where it is undefined."""
        found = np.asarray(self.value(seen), dtype=float) + 0.0  # which makes 0 of −0
        return np.where(seen.known, found, np.nan) if self.looks_at == "ratios" else found


@dataclass(frozen=True)
class Trainer:
    """A trainer's keys, and where its code was read."""

    name: str
    title: str
    source: str
    logs: str
    keys: tuple[Key, ...]


def gradient_norm(seen: Seen) -> np.ndarray:
    """The norm of the gradient before any clip of it, which is what torch's clip_grad_norm_ returns."""
    return seen.recorded["grad/norm"]


def loss(seen: Seen) -> np.ndarray:
    """What is minimised: the negative of the objective."""
    return -seen.recorded["objective"]


def entropy(seen: Seen) -> np.ndarray:
    """The policy's entropy before the update, mean over tokens: what the update before left."""
    return seen.recorded["entropy"]


def mean_reward(seen: Seen) -> np.ndarray:
    """The mean over completions."""
    return seen.over_completions(seen.rewards)


def sample_deviation(seen: Seen) -> np.ndarray:
    """The deviation of the completions' rewards over the whole batch, with ddof 1."""
    count = seen.over_completions(np.ones_like(seen.rewards), np.add)
    beside = seen.rewards - seen.over_completions(seen.rewards)[seen.update_of]
    squares = seen.over_completions(beside**2, np.add)
    return np.sqrt(np.divide(squares, count - 1, out=np.full(len(count), np.nan), where=count > 1))


def mean_length(seen: Seen) -> np.ndarray:
    """The mean over completions of how many tokens they have."""
    return seen.over_completions(seen.lengths)


def least_length(seen: Seen) -> np.ndarray:
    return seen.over_completions(seen.lengths, np.minimum)


def most_length(seen: Seen) -> np.ndarray:
    return seen.over_completions(seen.lengths, np.maximum)
