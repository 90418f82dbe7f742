"""Advantages that cancel on shared tokens. No optax wrapper, since the cause is in the weights, before any gradient."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def recentred(rewards: ArrayLike, weights: ArrayLike) -> jax.Array:
    """On a token that all completions of a group share, the weighted pushes cancel: Σ_i w_i A_i = 0.

        A_i = r_i − Σ_j w_j r_j / Σ_j w_j

    where rewards and weights are [..., G] and w_i ≥ 0 is what multiplies A_i in the loss (1/length in GRPO). The usual
    mean leaves Σ_i w_i A_i = G Cov(w, A) on a shared prefix; an optimizer cannot tell that from signal, so this
    belongs where advantages are made. Equal weights give the usual ones. A group whose weights are all 0 keeps A = r.
    """
    rewards, weights = jnp.asarray(rewards), jnp.asarray(weights)
    total = jnp.sum(weights, axis=-1, keepdims=True)
    mean = jnp.sum(weights * rewards, axis=-1, keepdims=True) / jnp.where(total == 0, 1, total)
    return rewards - mean
