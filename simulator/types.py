"""The letters of the axes, and what flows between the parts.

Axes, always in this order: `N` points, `S` seeds, `I` rollouts, `K` updates in a rollout, `P` prompts, `G` group,
`T` tokens, `V` vocabulary. `R` counts the rows of a policy: its contexts, each with one distribution over `V`; `M` the
sources of a reward; `C` the completions of an environment that can be listed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from jaxtyping import Bool, Float, Int

from .lazy import Array, jax, jnp
from .parts import part

Params = Any  # whatever pytree a policy trains


@part
class Completions:
    """What was said: `P` prompts, `G` completions each, of up to `T` tokens.

    `states` are the environment's states *before* each token; `mask` is true where a completion has a token (its end
    token included); `chosen` is true for those that the policy drew. The others follow with certainty:
    they count in a completion's length, and their log-probability is 0 whatever the policy.
    """

    states: Int[Array, "P G T"]
    tokens: Int[Array, "P G T"]
    mask: Bool[Array, "P G T"]
    chosen: Bool[Array, "P G T"]


@part
class Rollout(Completions):
    """One batch of completions with what each was given by each of `M` reward sources.

    `greedy` are the rewards of each prompt's most likely completion, None unless an advantage reads them. A recorded
    rollout may bring its `advantages` and the `behavior_logprobs` of its tokens, which are then not computed.
    """

    sources: Float[Array, "P G M"]
    greedy: Float[Array, " P"] | None = None
    advantages: Float[Array, "P G"] | None = None
    behavior_logprobs: Float[Array, "P G T"] | None = None

    @property
    def rewards(self) -> Float[Array, "P G"]:
        """The reward of each completion: the sum of its sources."""
        return jnp.sum(self.sources, axis=-1)

    @property
    def lengths(self) -> Float[Array, "P G"]:
        """The number of tokens of each completion."""
        return jnp.sum(self.mask, axis=-1).astype(self.sources.dtype)


@part
class Minibatch:
    """All that an objective reads: the completions that take part in one update, seen by three policies.

    `log_probs` and `reference_log_probs` have one row per context; `rows` says which row each token was drawn from.
    `mask` is true for the tokens of the completions that take part, `chosen` for those of all completions that a
    policy drew. `token_logprobs` are the tokens' entries of `log_probs`, where they have been looked up already.
    """

    log_probs: Float[Array, "R V"]
    reference_log_probs: Float[Array, "R V"]
    behavior_logprobs: Float[Array, "P G T"]
    rows: Int[Array, "P G T"]
    tokens: Int[Array, "P G T"]
    mask: Bool[Array, "P G T"]
    chosen: Bool[Array, "P G T"]
    advantages: Float[Array, "P G"]
    token_logprobs: Float[Array, "P G T"] | None = None

    def under(self, log_probs: Float[Array, "R V"], token_logprobs: Float[Array, "P G T"] | None = None) -> Minibatch:
        """The same completions, seen by another policy."""
        return replace(self, log_probs=log_probs, token_logprobs=token_logprobs)

    @cached_property
    def logprobs(self) -> Float[Array, "P G T"]:
        """log π of the tokens; 0 for those that follow with certainty, and outside the mask."""
        token_logprobs = (
            at_tokens(self.log_probs, self.rows, self.tokens) if self.token_logprobs is None else self.token_logprobs
        )
        return jnp.where(self.mask & self.chosen, token_logprobs, 0.0)

    @cached_property
    def log_ratio(self) -> Float[Array, "P G T"]:
        """log π − log π_behavior of the tokens; 0 outside the mask."""
        return jnp.where(self.mask, self.logprobs - self.behavior_logprobs, 0.0)


def at_tokens(
    table: Float[Array, "R V"], rows: Int[Array, "P G T"], tokens: Int[Array, "P G T"]
) -> Float[Array, "P G T"]:
    """The entry of every token: table[row, token].

    One index into the flat table, which is known to be inside it: half the time of two that have to be checked.
    """
    return table.reshape(-1).at[rows * table.shape[1] + tokens].get(mode="promise_in_bounds")


def add_at_tokens(
    values: Float[Array, "P G T"], rows: Int[Array, "P G T"], tokens: Int[Array, "P G T"], like: Float[Array, "R V"]
) -> Float[Array, "R V"]:
    """Its transpose: the sum of the values of all tokens that have an entry in common."""
    entries = (rows * like.shape[1] + tokens).reshape(-1)
    flat = jnp.zeros(like.size, like.dtype).at[entries].add(values.reshape(-1), mode="promise_in_bounds")
    return flat.reshape(like.shape)


def materialize(values: Any) -> Any:
    """The same arrays, worked out once: XLA would repeat what is cheap, a lookup or an exponential, in every sum that
    reads it."""
    return jax.lax.optimization_barrier(values)


@part
class Tokens:
    """Per-token trace of the recorded rollouts (leading axes: slots, then `K` where a field changes by update).

    `coasting` is what the coasting part of the update adds to the log-ratio, to first order; None unless attributed.
    """

    tokens: Int[Array, "P G T"]
    mask: Bool[Array, "P G T"]
    rewards: Float[Array, "P G"]
    advantages: Float[Array, "P G"]
    log_ratio: Float[Array, "K P G T"]
    clip_active: Bool[Array, "K P G T"]
    coasting: Float[Array, "K P G T"] | None = None


@part
class Trace:
    """What a run leaves: `metrics[name]` is `[I, K]`; `tokens` holds every `every`-th rollout, or is None."""

    metrics: dict
    tokens: Tokens | None
    params: Params
