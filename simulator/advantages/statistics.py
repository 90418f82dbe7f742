"""Means and deviations of rewards, with what rounding would spoil taken out."""

from __future__ import annotations

from jaxtyping import Float

from ..lazy import Array, jnp


def deviation(centred: Float[Array, "*B G"], ddof: int | Array, axis: int | None) -> Float[Array, "... 1"]:
    """√( Σ (R − R̄)² / (n − ddof) ) of already centred rewards."""
    squares = jnp.sum(centred**2, axis=axis, keepdims=True)
    count = centred.size if axis is None else centred.shape[axis]
    return jnp.sqrt(squares / (count - jnp.asarray(ddof, centred.dtype)))


def divide(centred: Array, by: Array) -> Array:
    """centred / by, and 0 where `by` is 0: rewards that are all equal carry no signal."""
    return jnp.where(by > 0, centred / jnp.where(by > 0, by, 1.0), 0.0)


def centre(rewards: Float[Array, "P G"]) -> Float[Array, "P G"]:
    """R − R̄, exactly 0 where all are equal: the mean of seven rewards of 0.1 is not 0.1, and a z-score of what
    rounding leaves would be ±1."""
    equal = jnp.max(rewards, axis=-1, keepdims=True) == jnp.min(rewards, axis=-1, keepdims=True)
    return jnp.where(equal, 0.0, rewards - jnp.mean(rewards, axis=-1, keepdims=True))


def level_out(totals: Float[Array, "P G"], summands: Float[Array, "P G M"]) -> Float[Array, "P G"]:
    """Totals of summands, all the same where they differ by no more than rounding: scores of ±0.7 from two sources add
    up to 0 or to 1e-16, and whitening would make that an advantage."""
    rounding = 16 * jnp.finfo(totals.dtype).eps * jnp.max(jnp.sum(jnp.abs(summands), axis=-1))
    return jnp.where(jnp.max(totals) - jnp.min(totals) <= rounding, 0.0, totals)


def whiten_over_tokens(
    values: Float[Array, "P G"], lengths: Float[Array, "P G"], ddof: int | Array, eps: float | Array
) -> Float[Array, "P G"]:
    """(x − x̄) / √(var + eps) with mean and variance over *tokens*: long completions count more in them."""
    count = jnp.sum(lengths)
    mean = jnp.sum(lengths * values) / jnp.maximum(count, 1.0)
    centred = jnp.where(jnp.max(values) == jnp.min(values), 0.0, values - mean)
    variance = jnp.sum(lengths * centred**2) / jnp.maximum(count - jnp.asarray(ddof, values.dtype), 1.0)
    return divide(centred, jnp.sqrt(variance + eps))
