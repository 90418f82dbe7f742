"""What the objective subtracts: distance to the reference policy, lack of entropy.

Each part's `bonus` is added to the objective. It is called with the tokens' weights ω, which are those of the
reduction, as in the trainers, and with ω f, the weights after the method's filter. A token that follows with certainty
has no divergence and no entropy.
"""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Float
from pydantic import Field

from ..lazy import Array, jax, jnp
from ..parts import Number, part, static
from ..types import Minibatch, at_tokens
from .filters import completion_means
from .log_ratios import Sequence, Token
from .reductions import TokenMean

ESTIMATORS = {
    "k1": lambda d: d,
    "abs": lambda d: d * jnp.sign(d),
    "k2": lambda d: d**2 / 2,
    "k3": lambda d: jnp.expm1(-d) + d,
}
MAX_DISTANCE, MAX_ESTIMATE = 20.0, 10.0  # verl's bounds on k3


def _k2_gradient(value: Array, distance: Array) -> Array:
    """The value as it is, with the gradient of k2."""
    k2 = ESTIMATORS["k2"](distance)
    return jax.lax.stop_gradient(value - k2) + k2


@part
class KL:
    """A penalty on the divergence from the reference policy, the one that training started from.

    bonus = −coef · Σ_it ω_it k(d_it),   d = log π − log π_reference
    k1 = d,   abs = |d|,   k2 = d²/2,   k3 = e^{−d} − 1 + d,   exact = Σ_v π(v) log( π(v) / π_reference(v) )

    where k1, k2, k3 are estimates from the token that was sampled and `exact` sums over the vocabulary at each
    visited context. As a loss, k1 has no effect on average and k3's gradient is not the divergence's (docs/theory);
    with `k1+` and `k3+` the value is that of k1 and k3, and the gradient k2's. `weighted` multiplies each estimate by
    the token's ratio, or by the sequence's, with the ratio's own gradient, which makes it unbiased off-policy
    (DeepSeek-V3.2, TRL `use_bias_correction_kl`). `bounded` holds d within ±20 and the estimate within ±10, as verl
    does for k3.

    Reference: J. Schulman, Approximating KL Divergence (2020); arXiv:2501.03262; arXiv:2512.02556.
    """

    coef: Number
    estimator: Literal["k1", "abs", "k2", "k3", "k1+", "k3+", "exact"] = static(default="k3")
    weighted: Literal["token", "sequence"] | None = static(default=None)
    bounded: Annotated[bool, Field(strict=True)] = static(default=False)

    def bonus(
        self, batch: Minibatch, weights: Float[Array, "P G T"], filtered: Float[Array, "P G T"]
    ) -> Float[Array, ""]:
        divergence = self._exact(batch) if self.estimator == "exact" else self._estimate(batch)
        if self.weighted is not None:
            level = {"token": Token(), "sequence": Sequence()}[self.weighted]
            divergence = divergence * jnp.exp(level(batch.log_ratio, batch.mask, batch.advantages[..., None]))  # type: ignore[operator]
        return -self.coef * jnp.sum(jnp.where(batch.chosen, weights * divergence, 0.0))

    def _exact(self, batch: Minibatch) -> Float[Array, "P G T"]:
        log_probs, reference = batch.log_probs, batch.reference_log_probs
        return jnp.sum(jnp.exp(log_probs) * (log_probs - reference), axis=-1)[batch.rows]

    def _estimate(self, batch: Minibatch) -> Float[Array, "P G T"]:
        distance = batch.logprobs - at_tokens(batch.reference_log_probs, batch.rows, batch.tokens)
        held = jnp.clip(distance, -MAX_DISTANCE, MAX_DISTANCE) if self.bounded else distance
        value = ESTIMATORS[self.estimator.removesuffix("+")](held)
        if self.bounded:
            value = jnp.clip(value, -MAX_ESTIMATE, MAX_ESTIMATE)
        return _k2_gradient(value, distance) if self.estimator.endswith("+") else value


@part
class Entropy:
    """A bonus for the entropy of the policy at the visited contexts.

    bonus = coef · Σ_it ω_it H_it,   H = −Σ_v π(v) log π(v)

    where ω are the reduction's weights, or 1 / (all tokens) with `weights = "token_mean"` (TRL's, for every loss). With
    `gradient = "score"` the mean entropy of a completion is a reward that its tokens are pushed with, after the filter,
    coef · Σ_it ω_it f_it H̄_i log π(o_it) (GTPO, with a negative coef).
    """

    coef: Number
    weights: Literal["reduction", "token_mean"] = static(default="reduction")
    gradient: Literal["exact", "score"] = static(default="exact")

    def bonus(
        self, batch: Minibatch, weights: Float[Array, "P G T"], filtered: Float[Array, "P G T"]
    ) -> Float[Array, ""]:
        if self.weights == "token_mean":
            weights = TokenMean()(batch.mask)
        entropy = -jnp.sum(jnp.exp(batch.log_probs) * batch.log_probs, axis=-1)[batch.rows]
        if self.gradient == "score":
            weights, entropy = filtered, jax.lax.stop_gradient(completion_means(entropy, batch)) * batch.logprobs
        return self.coef * jnp.sum(jnp.where(batch.chosen, weights * entropy, 0.0))
