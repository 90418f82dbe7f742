"""Chance in a reward: what is drawn around its mean, and everything that can be drawn."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float

from ..lazy import Array, jax, jnp

Distribution = Literal["fixed", "bernoulli", "gaussian"]


def draw(distribution: Distribution, key: Array, mean: Float[Array, ...], std: float | Array) -> Float[Array, ...]:
    """The mean itself, Bernoulli(mean), or Normal(mean, std), entry by entry."""
    if distribution == "bernoulli":
        return (jax.random.uniform(key, mean.shape, mean.dtype) < mean).astype(mean.dtype)
    if distribution == "gaussian":
        return mean + std * jax.random.normal(key, mean.shape, mean.dtype)
    return mean


def outcomes(
    distribution: Distribution, mean: Float[Array, "P G"]
) -> tuple[Float[Array, "P G O"], Float[Array, "P G O"]] | None:
    """(values, probabilities) of everything that `draw` can give; None where there is no end of it."""
    if distribution == "gaussian":
        return None
    if distribution == "fixed":
        return mean[..., None], jnp.ones((*mean.shape, 1))
    values = jnp.broadcast_to(jnp.array([1.0, 0.0]), (*mean.shape, 2))
    return values, jnp.stack([mean, 1.0 - mean], axis=-1)
