"""An environment that is known only by what was recorded in it."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from ..lazy import Array, jnp
from ..parts import Count, part, static
from .base import ENVIRONMENTS, Plain


@ENVIRONMENTS.add
@part
class RecordedEnvironment(Plain):
    """Tokens follow one another, the last one is all the context; rewards are in the file of recorded rollouts.

    A tabular policy here is a bigram language model: its logits `[V, V]` have a row for the last token (at first, the
    prompt's) and a column for the next. `ratiodrift replay` fills in the sizes that are left out.
    """

    kind: Literal["recorded"] = static(default="recorded")
    context: Literal["last_token"] = static(default="last_token")
    vocab_size: Count | None = static(default=None)
    num_prompts: Count | None = static(default=None)
    max_length: Count | None = static(default=None)
    num_sources: Count = static(default=1)
    complete = False

    @property
    def num_states(self) -> int:
        return self.vocab_size

    @property
    def num_completions(self) -> int:
        return self.vocab_size**self.max_length

    def start(self) -> Int[Array, " P"]:
        return jnp.zeros(self.num_prompts, dtype=int)

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        return tokens, jnp.zeros(tokens.shape, dtype=bool)

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        return jnp.zeros((*tokens.shape[:2], self.num_sources))

    def completions(self) -> Int[np.ndarray, "C T"]:
        return np.array(list(itertools.product(range(self.vocab_size), repeat=self.max_length)))
