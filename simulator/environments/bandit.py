"""One token a completion: K arms a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from simulator.lazy import Array, jax, jnp
from simulator.parts import Matrix, NonNegative, Number, part, static


@part
class Bandit:
    """One token a completion: each prompt offers K arms, each arm pays its reward.

    R(p, a) = scale · rewards[p][a]              `distribution = "fixed"`
            = scale · Bernoulli(rewards[p][a])   `distribution = "bernoulli"`
            = scale · Normal(rewards[p][a], std) `distribution = "gaussian"`

    where `rewards` is `[P, K]`, `scale` is `reward_scale`, and the vocabulary is the K arms. Prompts share no
    parameters: each has a state of its own.
    """

    kind: Literal["bandit"] = static("bandit")
    rewards: Matrix
    distribution: Literal["fixed", "bernoulli", "gaussian"] = static("fixed")
    std: NonNegative = 1.0
    reward_scale: Number = 1.0

    max_length = 1

    @property
    def num_prompts(self) -> int:
        return len(self.rewards)

    @property
    def vocab_size(self) -> int:
        return len(self.rewards[0])

    num_states = num_prompts
    num_completions = vocab_size

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        if self.vocab_size < 2:
            yield "rewards", "a bandit needs at least two arms a prompt"
        table = np.asarray(self.rewards)
        if self.distribution == "bernoulli" and ((table < 0) | (table > 1)).any():
            yield "rewards", "with distribution = 'bernoulli' each reward is a probability, from 0 to 1"

    def start(self) -> Int[Array, " P"]:
        return jnp.arange(self.num_prompts)

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        return states, jnp.ones(states.shape, dtype=bool)

    def expected_rewards(self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G"]:
        table = jnp.asarray(self.rewards)
        return self.reward_scale * jnp.take_along_axis(table, tokens[..., 0], axis=1)

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]
    ) -> Float[Array, "P G"]:
        mean = jnp.take_along_axis(jnp.asarray(self.rewards), tokens[..., 0], axis=1)
        if self.distribution == "bernoulli":
            mean = (jax.random.uniform(key, mean.shape, mean.dtype) < mean).astype(mean.dtype)
        if self.distribution == "gaussian":
            mean = mean + self.std * jax.random.normal(key, mean.shape, mean.dtype)
        return self.reward_scale * mean

    def completions(self) -> Int[np.ndarray, "C T"]:
        return np.arange(self.vocab_size)[:, None]
