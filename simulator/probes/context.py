"""One update, as the probes see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jaxtyping import Bool, Float

from ..environments.base import Environment
from ..exact import Listed, completion_logprobs
from ..lazy import Array, jax, jnp
from ..optimizers.attribution import Attribution
from ..policies.base import Policy
from ..surrogates.base import Surrogate, scatter
from ..types import Minibatch, Params, Rollout, materialize


@dataclass(frozen=True)
class StepContext:
    """What a probe may look at: one update, before and after.

    `before` is the minibatch that the gradient was taken on. The `after` quantities are of the *whole* rollout under
    the updated parameters. `grads` is the ascent gradient of the objective, `updates` what the optimizer added to the
    parameters. `listed` are all completions, None where they are too many; `listed_behavior` and `listed_reference`
    are their log-probabilities under those policies; `bias` is what the oracle found, empty where none was asked;
    `once` what probes have made of the rollout before its updates, by their names.
    `pullback` carries a push on the log-probabilities `[R, V]` that the gradient was taken at to the parameters;
    `pushforward` carries a step of the parameters to them, to first order. `attribution` are the parts of `updates`,
    None where nothing asks for them. `twin` are the metrics of the memoryless twin's same update, None without one.
    """

    environment: Environment
    policy: Policy
    surrogate: Surrogate
    rollout: Rollout
    before: Minibatch
    grads: Params
    updates: Params
    start_params: Params
    params: Params
    log_probs: Float[Array, "R V"]
    token_logprobs: Float[Array, "P G T"] | None
    listed: Listed | None
    listed_behavior: Float[Array, "P C"] | None
    listed_reference: Float[Array, "P C"] | None
    bias: dict[str, Array]
    once: dict[str, Any]
    pullback: Callable[[Float[Array, "R V"]], Params]
    pushforward: Callable[[Params], Float[Array, "R V"]]
    attribution: Attribution | None = None
    twin: dict[str, Array] | None = None

    @cached_property
    def push(self) -> Float[Array, "P G T"]:
        """∂J/∂ log π of every token of the minibatch, regularisers aside."""
        return self.surrogate.token_push(self.before)

    @cached_property
    def after(self) -> Minibatch:
        """The whole rollout under the updated parameters."""
        return self.whole_before.under(self.log_probs, self.token_logprobs)

    @cached_property
    def listed_logprobs(self) -> Float[Array, "P C"]:
        """log π of every listed completion after the update."""
        return completion_logprobs(self.policy, self.params, self.listed)

    def gradient_through(self, which: Bool[Array, "P G T"]) -> Params:
        """The part of the gradient that comes through some tokens, regularisers aside."""
        return self.pullback(scatter(jnp.where(which, self.push, 0.0), self.before))

    @cached_property
    def carried(self) -> dict[str, Float[Array, "P G T"]]:
        """What each part of the update adds to the log-ratio of every token, to first order, by the part's name."""
        named = {name: part for name, part in vars(self.attribution).items() if part is not None}
        together = jax.tree.map(lambda *parts: jnp.stack(parts), *named.values())  # one program for all of them
        rows, batch = jax.vmap(self.pushforward)(together), self.after
        changes = jnp.where(batch.mask & batch.chosen, rows[:, batch.rows, batch.tokens], 0.0)
        return dict(zip(named, changes, strict=True))

    @cached_property
    def whole_before(self) -> Minibatch:
        """The whole rollout under the parameters that the update found."""
        return replace(self.before, mask=self.rollout.mask)

    @cached_property
    def change(self) -> Float[Array, "P G T"]:
        """What the update did to the log-ratio of every token."""
        return self.after.log_ratio - self.whole_before.log_ratio

    @cached_property
    def ratio(self) -> Float[Array, "P G T"]:
        """π / π_behavior of every token after the update."""
        return materialize(jnp.exp(self.after.log_ratio))
