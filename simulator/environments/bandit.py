"""One token per completion: K arms per prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from ..lazy import Array, jnp
from ..parts import Matrix, NonNegative, part, static
from .base import ENVIRONMENTS, Outcomes, Plain
from .rewards import Distribution, RewardScale, draw, outcomes, scale_at, scale_problems


@ENVIRONMENTS.add
@part
class Bandit(Plain):
    """One token per completion: each prompt offers K arms, each arm pays its reward.

    R(p, a) = scale · rewards[p][a]              `distribution = "fixed"`
            = scale · Bernoulli(rewards[p][a])   `distribution = "bernoulli"`
            = scale · Normal(rewards[p][a], std) `distribution = "gaussian"`

    where `rewards` is `[P, K]`, `scale` is `reward_scale`, and the vocabulary is the K arms. Prompts share no
    parameters: each has a state of its own.
    """

    kind: Literal["bandit"] = static(default="bandit")
    rewards: Matrix
    distribution: Distribution = static(default="fixed")
    std: NonNegative = 1.0
    reward_scale: RewardScale = 1.0

    max_length = 1

    @property
    def num_prompts(self) -> int:
        return len(self.rewards)

    @property
    def vocab_size(self) -> int:
        return len(self.rewards[0])

    @property
    def num_outcomes(self) -> int | None:  # type: ignore[override]
        return {"fixed": 1, "bernoulli": 2, "gaussian": None}[self.distribution]

    num_states = num_prompts
    num_completions = vocab_size

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        if self.vocab_size < 2:
            yield "rewards", "a bandit needs at least two arms per prompt"
        table = np.asarray(self.rewards)
        if self.distribution == "bernoulli" and ((table < 0) | (table > 1)).any():
            yield "rewards", "with distribution = 'bernoulli' each reward is a probability, from 0 to 1"
        yield from scale_problems(self.reward_scale)

    def start(self) -> Int[Array, " P"]:
        return jnp.arange(self.num_prompts)

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        return states, jnp.ones(states.shape, dtype=bool)

    def _means(self, tokens: Int[Array, "P G T"]) -> Float[Array, "P G"]:
        return jnp.take_along_axis(jnp.asarray(self.rewards), tokens[..., 0], axis=1)

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        return scale_at(self.reward_scale, rollout) * self._means(tokens)[..., None]

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        drawn = draw(self.distribution, key, self._means(tokens), self.std)
        return scale_at(self.reward_scale, rollout) * drawn[..., None]

    def reward_outcomes(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Outcomes | None:
        if (found := outcomes(self.distribution, self._means(tokens))) is None:
            return None
        values, probabilities = found
        return scale_at(self.reward_scale, rollout) * values[..., None], probabilities

    def completions(self) -> Int[np.ndarray, "C T"]:
        return np.arange(self.vocab_size)[:, None]
