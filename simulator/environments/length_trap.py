"""Answers whose length tells which way they went: the systematic case of length bias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from ..lazy import Array, jnp
from ..parts import Count, part, static
from .base import ENVIRONMENTS, Plain
from .rewards import RewardScale, scale_at, scale_problems

Flag = Annotated[bool, Field(strict=True)]


@ENVIRONMENTS.add
@part
class LengthTrap(Plain):
    """The first token a says which way the answer goes, the second whether it is right; the rest follows of itself.

    R(o) = scale · [o_2 = 0]
    |o|  = short   where the answer is right and `right_is_short[a]`, or wrong and not `right_is_short[a]`
         = long    otherwise

    where `scale` is `reward_scale` and the vocabulary has as many tokens as `right_is_short`. What follows the second
    token is token 0 with certainty: it counts in the length, no policy draws it. A prompt has V + 3 states: where the
    first token is drawn, where the second is after each first one, the rest of short answers, and of long ones.
    """

    kind: Literal["length_trap"] = static(default="length_trap")
    right_is_short: Annotated[tuple[Flag, ...], Field(min_length=2)] = static(default=(True, False))
    short: Annotated[int, Field(strict=True, ge=2)] = static(default=10)
    long: Count = static(default=40)
    num_prompts: Count = static(default=1)
    reward_scale: RewardScale = 1.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        if self.long <= self.short:
            yield "long", f"must be > short = {self.short}, got {self.long}"
        yield from scale_problems(self.reward_scale)

    @property
    def vocab_size(self) -> int:
        return len(self.right_is_short)

    @property
    def max_length(self) -> int:
        return self.long

    @property
    def num_states(self) -> int:
        return self.num_prompts * (self.vocab_size + 3)

    @property
    def num_completions(self) -> int:
        return self.vocab_size**2

    def start(self) -> Int[Array, " P"]:
        return jnp.arange(self.num_prompts) * (self.vocab_size + 3)

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        # within a prompt: 0 the root, 1 + a after the first token a, then the rest of a short answer, of a long one
        root = self.start()[:, None]
        here, short_rest, long_rest = states - root, self.vocab_size + 1, self.vocab_size + 2
        first = jnp.clip(here - 1, 0, self.vocab_size - 1)
        ends_short = (tokens == 0) == jnp.asarray(self.right_is_short)[first]
        rest = jnp.where(here > self.vocab_size, here, jnp.where(ends_short, short_rest, long_rest))
        following = jnp.where(here == 0, 1 + tokens, rest)
        done = (here > 0) & (position == jnp.where(rest == short_rest, self.short, self.long) - 1)
        return jnp.where(done, root, root + following), done

    def follows(self, states: Int[Array, "P G"]) -> Int[Array, "P G"] | None:
        return jnp.where(states - self.start()[:, None] > self.vocab_size, 0, -1)

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        right = (tokens[..., 1] == 0).astype(float)
        return scale_at(self.reward_scale, rollout) * right[..., None]

    def completions(self) -> Int[np.ndarray, "C T"]:
        rows = np.full((self.num_completions, self.long), -1)
        for row, (first, second) in zip(rows, np.ndindex(self.vocab_size, self.vocab_size), strict=True):
            length = self.short if (second == 0) == self.right_is_short[first] else self.long
            row[:length] = (first, second, *[0] * (length - 2))
        return rows
