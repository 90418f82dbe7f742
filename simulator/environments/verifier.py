"""A verifier that errs: right or wrong is all that it says, and not always the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from ..lazy import Array, jnp
from ..parts import Number, part, static
from .base import ENVIRONMENTS, Outcomes
from .rewards import RewardScale, draw, outcomes, scale_at, scale_problems
from .worlds import World

Probability = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]


@ENVIRONMENTS.add
@part
class Verifier:
    """A world whose completions are judged right or wrong, by a judge that errs.

    R(o) = scale · Bernoulli(1 − false_negative)   where the world's expected reward of o is at least `pass_mark`
         = scale · Bernoulli(false_positive)       elsewhere

    where `scale` is `reward_scale`. All but the reward is as in `world`.
    """

    kind: Literal["verifier"] = static(default="verifier")
    world: World
    pass_mark: Number = 1.0
    false_positive: Probability = 0.0
    false_negative: Probability = 0.0
    reward_scale: RewardScale = 1.0

    num_sources = 1
    num_outcomes = 2

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        yield from ((f"world.{key}", sentence) for key, sentence in self.world.problems())
        yield from scale_problems(self.reward_scale)

    @property
    def num_prompts(self) -> int:
        return self.world.num_prompts

    @property
    def vocab_size(self) -> int:
        return self.world.vocab_size

    @property
    def max_length(self) -> int:
        return self.world.max_length

    @property
    def num_states(self) -> int:
        return self.world.num_states

    @property
    def num_completions(self) -> int:
        return self.world.num_completions

    @property
    def task_names(self) -> tuple[str, ...]:
        return self.world.task_names

    @property
    def end_token(self) -> int | None:
        return getattr(self.world, "end_token", None)

    def prompt_tasks(self) -> Int[np.ndarray, " P"]:
        return self.world.prompt_tasks()

    def completions(self) -> Int[np.ndarray, "C T"]:
        return self.world.completions()

    def start(self) -> Int[Array, " P"]:
        return self.world.start()

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        return self.world.step(states, tokens, position)

    def follows(self, states: Int[Array, "P G"]) -> Int[Array, "P G"] | None:
        return self.world.follows(states)

    def _passes(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G"]:
        """The probability that a completion is judged right."""
        right = jnp.sum(self.world.expected_rewards(tokens, mask, rollout), axis=-1) >= self.pass_mark
        return jnp.where(right, 1.0 - self.false_negative, self.false_positive)

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        return scale_at(self.reward_scale, rollout) * self._passes(tokens, mask, rollout)[..., None]

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        judged = draw("bernoulli", key, self._passes(tokens, mask, rollout), 0.0)
        return scale_at(self.reward_scale, rollout) * judged[..., None]

    def reward_outcomes(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Outcomes | None:
        values, chances = outcomes("bernoulli", self._passes(tokens, mask, rollout))
        return scale_at(self.reward_scale, rollout) * values[..., None], chances
