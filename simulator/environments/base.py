"""What the loop asks of an environment."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from ..lazy import Array, jnp
from ..parts import Family

ENVIRONMENTS = Family("environment", "kind")

Outcomes = tuple[Float[Array, "P G O M"], Float[Array, "P G O"]]  # values of the sources, and their probabilities


@runtime_checkable
class Environment(Protocol):
    """Prompts, tokens and rewards, with deterministic transitions between states.

    Shapes are structure: `num_prompts` (P), `vocab_size` (V), `max_length` (T), `num_states`, `num_completions` (how
    many different completions there are), `num_sources` (M, of a completion's reward) and `num_outcomes` (O, how many
    rewards one completion can get; None where that is no finite number) are plain integers.
        `rollout` is the index of the rollout that is rewarded: rewards may change over time.
    """

    num_prompts: int
    vocab_size: int
    max_length: int
    num_states: int
    num_completions: int
    num_sources: int
    num_outcomes: int | None
    task_names: tuple[str, ...]

    def start(self) -> Int[Array, " P"]:
        """The state in which each prompt's completions begin."""

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        """The state after a token, and whether the completion ends with it."""

    def follows(self, states: Int[Array, "P G"]) -> Int[Array, "P G"] | None:
        """The token that follows a state with certainty, −1 where the policy chooses; None if it always does."""

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        """What each source gives each completion, drawn with `key` where that is random."""

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        """The mean of `sample_rewards` over its randomness."""

    def reward_outcomes(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Outcomes | None:
        """Everything that `sample_rewards` can give, with its probability; None where that cannot be listed."""

    def prompt_tasks(self) -> Int[np.ndarray, " P"]:
        """The task that each prompt belongs to, an index into `task_names`."""

    def completions(self) -> Int[np.ndarray, "C T"]:
        """Every completion that some prompt can have, −1 after its end."""


class Plain:
    """What most environments have in common: one task, one reward source, no chance in it, every token chosen.

    `complete` says that the environment is known in full; one that is known by recorded rollouts alone is not.
    """

    complete = True
    num_sources = 1
    num_outcomes: int | None = 1
    task_names: tuple[str, ...] = ()

    def follows(self, states: Int[Array, "P G"]) -> Int[Array, "P G"] | None:
        return None

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        return self.expected_rewards(tokens, mask, rollout)  # type: ignore[attr-defined]

    def reward_outcomes(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Outcomes | None:
        values = self.expected_rewards(tokens, mask, rollout)[:, :, None]  # type: ignore[attr-defined]
        return values, jnp.ones(values.shape[:-1])

    def prompt_tasks(self) -> Int[np.ndarray, " P"]:
        return np.zeros(self.num_prompts, dtype=int)  # type: ignore[attr-defined]
