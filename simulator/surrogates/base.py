"""The surrogate objective, and its push on every log-probability.

J = Σ_it ω_it · gate(ratio_it, A_i) + regularisers

A method is a point in this product. The gradient of J by the log-probabilities needs no autodiff: it is the score
weight times the token weight, carried back through the level (`token_push`) and added up over the tokens that were
drawn from the same row (`row_push`). The softmax gradient of the logits is then C − π ΣC, which the policy carries to
its parameters (`pullback`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from jaxtyping import Float

from simulator.advantages import Advantage
from simulator.lazy import Array, jax, jnp
from simulator.parts import part, static
from simulator.policies.base import Policy
from simulator.surrogates.gates import Flags, Gate
from simulator.surrogates.log_ratios import Level
from simulator.surrogates.reductions import Reduction
from simulator.surrogates.regularizers import KL, Entropy
from simulator.types import Completions, Minibatch, Params, Rollout


@part
class Surrogate:
    """Any point of the product, factor by factor."""

    name: Literal["custom"] = static("custom")
    advantage: Advantage
    level: Level
    gate: Gate
    reduction: Reduction
    kl: KL | None = None
    entropy: Entropy | None = None

    def surrogate(self) -> Surrogate:
        return self

    def advantages(self, rollout: Rollout) -> Float[Array, "P G"]:
        """What each completion's rewards, or their sources, are worth against the others'."""
        return self.advantage(rollout.sources if self.advantage.reads_sources else rollout.rewards)

    def level_ratio(self, batch: Minibatch) -> Float[Array, "P G T"]:
        """The log-ratio that the gate sees."""
        return self.level(batch.log_ratio, batch.mask)

    def clipped(self, batch: Minibatch) -> tuple[Flags, Flags, Flags] | None:
        """The tokens whose gradient the gate makes exactly zero: (low, high, dual); None for a gate that cuts none."""
        if self.gate.band is None:
            return None
        return self.gate.clipped(self.level_ratio(batch), batch.advantages[..., None])

    def objective(self, batch: Minibatch) -> Float[Array, ""]:
        """J, which is maximised. Its *value* measures no progress (docs/theory); its gradient is what trains."""
        gated = self.gate.objective(
            self.level_ratio(batch), self.level(batch.logprobs, batch.mask), batch.advantages[..., None]
        )
        return jnp.sum(self.reduction(batch.mask) * gated) + self._bonus(batch)

    def token_push(self, batch: Minibatch) -> Float[Array, "P G T"]:
        """∂J/∂ log π(o_it), regularisers aside."""
        score = self.gate.score_weight(self.level_ratio(batch), batch.advantages[..., None])
        return self.level.pullback(self.reduction(batch.mask) * score, batch.mask)

    def row_push(self, batch: Minibatch, token_push: Float[Array, "P G T"]) -> Float[Array, "R V"]:
        """∂J/∂ log π(v | row): the tokens' pushes, added up, and the regularisers'."""
        push = scatter(token_push, batch)
        if self.kl is None and self.entropy is None:
            return push
        return push + jax.grad(lambda log_probs: self._bonus(replace(batch, log_probs=log_probs)))(batch.log_probs)

    def _bonus(self, batch: Minibatch) -> Float[Array, ""]:
        weights = self.reduction(batch.mask)
        return sum((term.bonus(batch, weights) for term in (self.kl, self.entropy) if term is not None), jnp.zeros(()))


def scatter(token_push: Float[Array, "P G T"], batch: Minibatch) -> Float[Array, "R V"]:
    """Add up the pushes of all tokens that were drawn from the same row; what follows with certainty was not drawn."""
    drawn = jnp.where(batch.chosen, token_push, 0.0)
    return jnp.zeros_like(batch.log_probs).at[batch.rows, batch.tokens].add(drawn)


def log_probs_of(policy: Policy, params: Params, said: Completions) -> Float[Array, "R V"]:
    """log π(v | row) at every context of the completions."""
    return jax.nn.log_softmax(policy.logits(params, said), axis=-1)


def pullback(
    policy: Policy, params: Params, said: Completions, log_probs: Float[Array, "R V"]
) -> Callable[[Float[Array, "R V"]], Params]:
    """From a push on the log-probabilities, which are those at `params`, to a gradient of the parameters."""
    _, through_logits = jax.vjp(lambda params: policy.logits(params, said), params)
    return lambda push: through_logits(softmax_pullback(log_probs, push))[0]


def softmax_pullback(log_probs: Float[Array, "R V"], push: Float[Array, "R V"]) -> Float[Array, "R V"]:
    """From a push C on the log-probabilities to the gradient of the logits: C − π ΣC."""
    return push - jnp.exp(log_probs) * jnp.sum(push, axis=-1, keepdims=True)
