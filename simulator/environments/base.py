"""What the loop asks of an environment."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from simulator.lazy import Array


@runtime_checkable
class Environment(Protocol):
    """Prompts, tokens and rewards, with deterministic transitions between states.

    Shapes are structure: `num_prompts` (P), `vocab_size` (V), `max_length` (T), `num_states` and `num_completions`
    (how many different completions one prompt has) are plain integers.
    """

    num_prompts: int
    vocab_size: int
    max_length: int
    num_states: int
    num_completions: int

    def start(self) -> Int[Array, " P"]:
        """The state in which each prompt's completions begin."""

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        """The state after a token, and whether the completion ends with it."""

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]
    ) -> Float[Array, "P G"]:
        """One reward a completion, drawn with `key` where the reward is random."""

    def expected_rewards(self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G"]:
        """The mean of `sample_rewards` over its randomness."""

    def completions(self) -> Int[np.ndarray, "C T"]:
        """Every completion that a prompt can have, −1 after its end; the same for every prompt."""
