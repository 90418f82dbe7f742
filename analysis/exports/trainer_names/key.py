"""What a trainer's key is: its name, its definition, when it applies, and how it comes from what the trainer saw."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from .batches import Batches, Method

Value = Callable[[Batches], np.ndarray]
LooksAt = Literal["ratios", "rollout", "gradient", "entropy"]


@dataclass(frozen=True)
class Key:
    """One metric of a trainer.

    `ours` is our metric of the same thing, not always of the same definition. `value` gives a number per update, `[U]`.
    What looks at ratios or at the entropy is undefined (NaN) in those updates before which they are not known.
    """

    name: str
    ours: str | None
    definition: str
    value: Value
    applies: Callable[[Method], bool] = lambda _: True
    looks_at: LooksAt = "ratios"

    def lacks(self, recorded: Collection[str]) -> bool:
        """Whether what the key is made of was not recorded; all but gradients and entropies comes from tokens."""
        return self.looks_at in ("gradient", "entropy") and self.ours not in recorded

    def of(self, batches: Batches) -> np.ndarray:
        """The metric of each update; NaN where it is undefined."""
        found = np.asarray(self.value(batches), dtype=float) + 0.0  # which makes 0 of −0
        return np.where(batches.known, found, np.nan) if self.looks_at == "ratios" else found


@dataclass(frozen=True)
class Trainer:
    """A trainer's keys; its module says where its code was read."""

    name: str
    title: str
    keys: tuple[Key, ...]


# What several trainers log: each makes a key of a name, and of what else is a trainer's own.
_of_rollout = partial(Key, looks_at="rollout")
mean_reward = partial(
    _of_rollout, ours="reward/mean", definition="mean over completions", value=lambda b: b.over_completions(b.rewards)
)
reward_std = partial(
    _of_rollout,
    ours="reward/std",
    definition="deviation over the whole batch, with ddof 1 (ours: 0)",
    value=Batches.reward_std,
)
mean_length = partial(
    _of_rollout, ours="length/mean", definition="mean over completions", value=lambda b: b.over_completions(b.lengths)
)
min_length = partial(_of_rollout, ours=None, definition="of the shortest completion", value=Batches.min_length)
max_length = partial(_of_rollout, ours=None, definition="of the longest completion", value=Batches.max_length)
loss = partial(Key, ours="objective", value=lambda b: -b.recorded["objective"], looks_at="gradient")
entropy = partial(Key, ours="entropy", value=lambda b: b.recorded["entropy"], looks_at="entropy")
# the gradient before any clip of it, which is what torch's clip_grad_norm_ returns
gradient_norm = partial(Key, ours="grad/norm", value=lambda b: b.recorded["grad/norm"], looks_at="gradient")


def loss_alone(name: str, trainer: str) -> Key:
    """The loss of a trainer which logs its KL and entropy terms apart."""
    definition = f"−objective; missing with a KL or an entropy term, which {trainer} keeps apart from it"
    return loss(name, definition=definition, applies=Method.has_one_term)
