"""The surrogate objective, and its push on every log-probability.

J = Σ_it ω_it f_it · gate(ratio_it, A_i) + regularisers

A method is a point in this product. The gradient of J by the log-probabilities needs no autodiff: it is the score
weight times the token's weight ω and filter f, carried back through the level (`token_push`) and added up over the
tokens that were drawn from the same row (`row_push`). The softmax gradient of the logits is then C − π ΣC, which the
policy carries to its parameters (`pullback`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from jaxtyping import Float

from ..advantages import Advantage
from ..lazy import Array, jax, jnp
from ..parts import part, static
from ..policies.base import Policy
from ..types import Completions, Minibatch, Params, Rollout, add_at_tokens, materialize
from .filters import Filter
from .gates import Gate
from .log_ratios import Flags, Level, Values
from .reductions import Reduction
from .regularizers import KL, Entropy


@part
class Surrogate:
    """Any point of the product, factor by factor."""

    name: Literal["custom"] = static(default="custom")
    advantage: Advantage
    level: Level
    gate: Gate
    reduction: Reduction
    filter: Filter | None = None
    kl: KL | None = None
    entropy: Entropy | None = None

    def surrogate(self) -> Surrogate:
        return self

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with a factor whose numbers are each right: (key below the method, sentence)."""
        for name in ("advantage", "level", "gate", "reduction", "filter"):
            wrong: Any = getattr(getattr(self, name), "problems", tuple)()
            yield from ((f"{name}.{key}", sentence) for key, sentence in wrong)

    def advantages(self, rollout: Rollout) -> Float[Array, "P G"]:
        """What each completion's reward is worth against the others'; recorded advantages stand as they are."""
        if rollout.advantages is not None:
            return rollout.advantages
        return self.advantage(*(getattr(rollout, name) for name in self.advantage.reads))

    def level_ratio(self, batch: Minibatch) -> Values:
        """The log-ratios that the gate sees."""
        return self.level(batch.log_ratio, batch.mask, batch.advantages[..., None])

    @property
    def cutter(self) -> Any | None:
        """The factor that can make a token's gradient exactly zero; None where none can."""
        return next((factor for factor in (self.level, self.gate) if factor.cuts), None)

    def watched(self, batch: Minibatch) -> Values:
        """The log-ratios that the cutter sees: the tokens' own where the level cuts, else the level's."""
        return batch.log_ratio if self.level.cuts else self.level_ratio(batch)

    def watched_change(self, batch: Minibatch, change: Values) -> Values:
        """What a small change of the tokens' log-ratios does to those that the cutter sees."""
        if self.level.cuts:
            return change
        level = lambda each: self.level(each, batch.mask, batch.advantages[..., None])  # noqa: E731
        return jax.jvp(level, (batch.log_ratio,), (change,))[1]

    def clipped(self, batch: Minibatch) -> tuple[Flags, Flags, Flags] | None:
        """The tokens whose gradient the clip makes exactly zero: (low, high, dual); None where nothing is clipped."""
        if self.cutter is None:
            return None
        return self.cutter.clipped(self.watched(batch), batch.logprobs, batch.advantages[..., None])

    def band(self, batch: Minibatch) -> tuple[float | Array, float | Array] | None:
        """The ratios below and above which a token is clipped; None where there are no such bounds."""
        if self.cutter is None or self.cutter.band is None:
            return None
        return self.cutter.band(batch.advantages[..., None])

    def weights(self, batch: Minibatch) -> Values:
        """ω f: what each token counts."""
        weights = self.reduction(batch.mask)
        return weights if self.filter is None else weights * jax.lax.stop_gradient(self.filter(batch))

    def objective(self, batch: Minibatch) -> Float[Array, ""]:
        """J, which is maximised. Its *value* measures no progress (docs/theory); its gradient is what trains."""
        gated = self.gate.objective(self.level_ratio(batch), batch.logprobs, batch.advantages[..., None])
        return jnp.sum(self.weights(batch) * gated) + self._bonus(batch)

    def token_push(self, batch: Minibatch) -> Values:
        """∂J/∂ log π(o_it), regularisers aside."""
        advantages = batch.advantages[..., None]
        log_ratio, through_level = jax.vjp(lambda each: self.level(each, batch.mask, advantages), batch.log_ratio)
        push = self.weights(batch) * self.gate.score_weight(log_ratio, batch.logprobs, advantages)
        return through_level(push)[0] if self.gate.through_level else push

    def silenced(self, batch: Minibatch) -> Flags:
        """The tokens of the minibatch whose gradient the clip made exactly zero."""
        if (clipped := self.clipped(batch)) is None:
            return jnp.zeros(batch.mask.shape, dtype=bool)
        low, high, dual = clipped
        return (low | high | dual) & batch.mask

    def clipped_push(self, batch: Minibatch) -> Values:
        """What ∂J/∂ log π(o_it) would have in addition, were there no clip; exactly 0 where nothing is silenced."""
        silenced, advantages = self.silenced(batch), batch.advantages[..., None]
        level = self.level.unclipped() if self.level.cuts else self.level
        log_ratio, through_level = jax.vjp(lambda each: level(each, batch.mask, advantages), batch.log_ratio)
        ratio = jnp.minimum(jnp.exp(log_ratio), getattr(self.gate, "cap", jnp.inf))
        push = self.weights(batch) * ratio * advantages
        if self.level.cuts:  # its clip changes the mean that all tokens of a completion share
            return jnp.where(jnp.any(silenced), through_level(push)[0] - self.token_push(batch), 0.0)
        push = jnp.where(silenced, push, 0.0)
        return through_level(push)[0] if self.gate.through_level else push

    def row_push(self, batch: Minibatch, token_push: Values) -> Float[Array, "R V"]:
        """∂J/∂ log π(v | row): the tokens' pushes, added up, and the regularisers'."""
        push = scatter(token_push, batch)
        if self.kl is None and self.entropy is None:
            return push
        return push + jax.grad(lambda log_probs: self._bonus(batch.under(log_probs)))(batch.log_probs)

    def _bonus(self, batch: Minibatch) -> Float[Array, ""]:
        weights, filtered = self.reduction(batch.mask), self.weights(batch)
        terms = (term.bonus(batch, weights, filtered) for term in (self.kl, self.entropy) if term is not None)
        return sum(terms, jnp.zeros(()))


def scatter(token_push: Float[Array, "P G T"], batch: Minibatch) -> Float[Array, "R V"]:
    """Add up the pushes of all tokens that were drawn from the same row; what follows with certainty was not drawn."""
    drawn = jnp.where(batch.chosen, token_push, 0.0)
    return add_at_tokens(drawn, batch.rows, batch.tokens, batch.log_probs)


def log_probs_of(policy: Policy, params: Params, completions: Completions) -> Float[Array, "R V"]:
    """log π(v | row) at every context of the completions."""
    return jax.nn.log_softmax(policy.logits(params, completions), axis=-1)


def both_of(
    policy: Policy, params: Params, completions: Completions
) -> tuple[Float[Array, "R V"], Float[Array, "R V"]]:
    """(log π, π) at every context of the completions, from one exponential."""
    logits = policy.logits(params, completions)
    below = logits - jnp.max(logits, axis=-1, keepdims=True)
    odds = materialize(jnp.exp(below))
    total = jnp.sum(odds, axis=-1, keepdims=True)
    return below - jnp.log(total), odds * (1.0 / total)


def pullback(
    policy: Policy,
    params: Params,
    completions: Completions,
    log_probs: Float[Array, "R V"],
    probs: Float[Array, "R V"] | None = None,
) -> Callable[[Float[Array, "R V"]], Params]:
    """From a push on the log-probabilities, which are those at `params`, to a gradient of the parameters."""
    _, through_logits = jax.vjp(lambda params: policy.logits(params, completions), params)
    return lambda push: through_logits(softmax_pullback(log_probs, push, probs))[0]


def pushforward(
    policy: Policy, params: Params, completions: Completions, log_probs: Float[Array, "R V"]
) -> Callable[[Params], Float[Array, "R V"]]:
    """From a step of the parameters to what it adds to the log-probabilities, which are those at `params`."""
    _, to_logits = jax.linearize(lambda params: policy.logits(params, completions), params)
    return lambda step: softmax_pushforward(log_probs, to_logits(step))


def softmax_pushforward(log_probs: Float[Array, "R V"], step: Float[Array, "R V"]) -> Float[Array, "R V"]:
    """From a step δ of the logits to that of the log-probabilities: δ − Σ π δ."""
    return step - jnp.sum(jnp.exp(log_probs) * step, axis=-1, keepdims=True)


def softmax_pullback(
    log_probs: Float[Array, "R V"], push: Float[Array, "R V"], probs: Float[Array, "R V"] | None = None
) -> Float[Array, "R V"]:
    """From a push C on the log-probabilities to the gradient of the logits: C − π ΣC."""
    probs = jnp.exp(log_probs) if probs is None else probs
    return push - probs * jnp.sum(push, axis=-1, keepdims=True)
