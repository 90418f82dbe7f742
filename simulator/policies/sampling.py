"""Drawing tokens by inverting the cumulative distribution.

`jax.random.categorical` draws V Gumbel numbers per token and was the whole cost of a naive simulator; this needs one
uniform per token. Up to 32 tokens a count of comparisons is fastest, above that a binary search.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ..lazy import Array, jax, jnp

COUNTING_LIMIT = 32
BLOCK = (
    16  # so many numbers are added up by one product with a triangle of ones: XLA's cumsum takes three times as long
)
MAX_BLOCKS = 16


def cumulative(logits: Float[Array, "R V"]) -> Float[Array, "R V"]:
    """The cumulative distribution of each row's softmax, which ends at exactly 1: no uniform is left for a last token
    of probability zero."""
    sums = _running_sums(jax.nn.softmax(logits, axis=-1))
    return sums / sums[..., -1:]


def _running_sums(values: Float[Array, "R V"]) -> Float[Array, "R V"]:
    """Block by block, each from where the last one ended: a value of 0 adds exactly nothing."""
    length = values.shape[-1]
    if length > BLOCK * MAX_BLOCKS:
        return jnp.cumsum(values, axis=-1)
    done: list[Array] = []
    for start in range(0, length, BLOCK):
        block = values[:, start : start + BLOCK]
        sums = block @ jnp.asarray(np.triu(np.ones((block.shape[1],) * 2)), block.dtype)
        done.append(sums if not done else done[-1][:, -1:] + sums)
    return jnp.concatenate(done, axis=-1)


def draw(cdf: Float[Array, "R V"], rows: Int[Array, "P G"], uniforms: Float[Array, "P G"]) -> Int[Array, "P G"]:
    """The token v of row r with cdf[r, v−1] <= u < cdf[r, v]."""
    vocab_size, inside = cdf.shape[1], "promise_in_bounds"
    if vocab_size <= COUNTING_LIMIT:
        return jnp.sum(cdf.at[rows].get(mode=inside)[..., :-1] <= uniforms[..., None], axis=-1)
    flat, before = cdf.reshape(-1), rows * vocab_size - 1
    token = jnp.zeros_like(rows)  # how many entries are known to be <= u
    stride = 1 << (vocab_size - 1).bit_length()
    while stride := stride >> 1:
        ahead = token + stride
        if vocab_size & (vocab_size - 1) == 0:  # a power of two: never beyond the last token
            entry = flat.at[before + ahead].get(mode=inside)
        else:
            entry = flat.at[before + jnp.minimum(ahead, vocab_size)].get(mode=inside)
            entry = jnp.where(ahead < vocab_size, entry, 1.0)
        token = jnp.where(entry <= uniforms, ahead, token)
    return token
