"""Completions of different lengths that share prefixes: every prefix is a state."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from ..lazy import Array, jnp
from ..parts import Count, Number, part, static
from .base import ENVIRONMENTS, Plain
from .rewards import RewardRule, RewardScale, scale_at, scale_problems

MAX_STATES = 2_000_000


@ENVIRONMENTS.add
@part
class TokenTree(Plain):
    """A tree of tokens: the state is the whole prefix, token 0 ends the completion, as does the T-th token.

    R(o) = scale · (rule(o) − length_cost · |o|)

    where `rule` is a reward rule, `|o|` counts the tokens, the end token included, `scale` is `reward_scale`.
    A prompt has Σ_{d<T} (V−1)^d states, and shares none of them with another prompt.
    """

    kind: Literal["token_tree"] = static(default="token_tree")
    vocab_size: Annotated[int, Field(strict=True, ge=2)] = static()
    max_length: Count = static()
    num_prompts: Count = static(default=1)
    reward: RewardRule
    length_cost: Number = 0.0
    reward_scale: RewardScale = 1.0

    end_token = 0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        for text in self.reward.texts():
            if len(text) > self.max_length:
                yield "reward", f"{list(text)} is longer than max_length = {self.max_length}"
            if any(token >= self.vocab_size for token in text):
                yield "reward", f"{list(text)} has a token outside the vocabulary 0 to {self.vocab_size - 1}"
            if 0 in text[:-1]:
                yield "reward", f"{list(text)} goes on after token 0, which ends a completion"
        if self.reward.rule == "table" and len(self.reward.completions) != len(self.reward.values):
            yield "reward.values", f"{len(self.reward.values)} values for {len(self.reward.completions)} completions"
        if self.max_length * math.log(self.vocab_size - 1) > 100 or self.num_states > MAX_STATES:
            yield "max_length", f"the tree would have more than {MAX_STATES:,} states"
        yield from scale_problems(self.reward_scale)

    @property
    def states_per_prompt(self) -> int:
        return sum((self.vocab_size - 1) ** depth for depth in range(self.max_length))

    @property
    def num_states(self) -> int:
        return self.num_prompts * self.states_per_prompt

    @property
    def num_completions(self) -> int:
        inner = self.vocab_size - 1
        return self.states_per_prompt + inner**self.max_length  # ended by token 0, or by the length

    def start(self) -> Int[Array, " P"]:
        return jnp.arange(self.num_prompts) * self.states_per_prompt

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        # within a prompt, states are numbered like a heap: the children of s are s·(V−1) + 1 … s·(V−1) + (V−1)
        root = self.start()[:, None]
        child = root + (states - root) * (self.vocab_size - 1) + tokens
        done = (tokens == 0) | (position == self.max_length - 1)
        return jnp.where(done, root, child), done

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        length = jnp.sum(mask, axis=-1).astype(float)
        worth = self.reward.value(tokens, mask) - self.length_cost * length
        return scale_at(self.reward_scale, rollout) * worth[..., None]

    def completions(self) -> Int[np.ndarray, "C T"]:
        rows = []
        for depth in range(self.max_length + 1):
            for text in itertools.product(range(1, self.vocab_size), repeat=depth):
                ended = text if depth == self.max_length else (*text, 0)
                rows.append(ended + (-1,) * (self.max_length - len(ended)))
        return np.asarray(rows)
