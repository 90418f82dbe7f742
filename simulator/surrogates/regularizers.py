"""What the objective subtracts: distance to the reference policy, lack of entropy.

Each part's `bonus` is added to the objective; the tokens' weights ω are those of the reduction, as in the trainers.
A token that follows with certainty has no divergence and no entropy.
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float

from simulator.lazy import Array, jnp
from simulator.parts import Number, part, static
from simulator.types import Minibatch

ESTIMATORS = {
    "k1": lambda d: d,
    "k2": lambda d: d**2 / 2,
    "k3": lambda d: jnp.expm1(-d) + d,
}


@part
class KL:
    """A penalty on the divergence from the reference policy, the one that training started from.

    bonus = −coef · Σ_it ω_it k(d_it),   d = log π − log π_reference
    k1 = d,   k2 = d²/2,   k3 = e^{−d} − 1 + d,   exact = Σ_v π(v) log( π(v) / π_reference(v) )

    where k1, k2, k3 are estimates from the token that was sampled and `exact` sums over the vocabulary at each
    visited context. As a loss, k1 has no effect on average and k3's gradient is not the divergence's (docs/theory).

    Reference: J. Schulman, Approximating KL Divergence (2020); arXiv:2501.03262.
    """

    coef: Number
    estimator: Literal["k1", "k2", "k3", "exact"] = static("k3")

    def bonus(self, batch: Minibatch, weights: Float[Array, "P G T"]) -> Float[Array, ""]:
        log_probs, reference = batch.log_probs, batch.reference_log_probs
        if self.estimator == "exact":
            divergence = jnp.sum(jnp.exp(log_probs) * (log_probs - reference), axis=-1)[batch.rows]
        else:
            distance = batch.logprobs - reference[batch.rows, batch.tokens]
            divergence = ESTIMATORS[self.estimator](distance)
        return -self.coef * jnp.sum(jnp.where(batch.chosen, weights * divergence, 0.0))


@part
class Entropy:
    """A bonus for the entropy of the policy at the visited contexts.

    bonus = coef · Σ_it ω_it H_it,   H = −Σ_v π(v) log π(v)
    """

    coef: Number

    def bonus(self, batch: Minibatch, weights: Float[Array, "P G T"]) -> Float[Array, ""]:
        entropy = -jnp.sum(jnp.exp(batch.log_probs) * batch.log_probs, axis=-1)
        return self.coef * jnp.sum(jnp.where(batch.chosen, weights * entropy[batch.rows], 0.0))
