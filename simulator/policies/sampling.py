"""Drawing tokens by inverting the cumulative distribution.

`jax.random.categorical` draws V Gumbel numbers a token and was the whole cost of a naive simulator; this needs one
uniform a token. Up to 32 tokens a count of comparisons is fastest, above that a binary search.
"""

from __future__ import annotations

from jaxtyping import Float, Int

from simulator.lazy import Array, jax, jnp

COUNTING_LIMIT = 32


def cumulative(logits: Float[Array, "R V"]) -> Float[Array, "R V"]:
    """The cumulative distribution of each row's softmax, which ends at exactly 1: no uniform is left for a last token
    of probability zero."""
    sums = jnp.cumsum(jax.nn.softmax(logits, axis=-1), axis=-1)
    return sums / sums[..., -1:]


def draw(cdf: Float[Array, "R V"], rows: Int[Array, "P G"], uniforms: Float[Array, "P G"]) -> Int[Array, "P G"]:
    """The token v of row r with cdf[r, v−1] <= u < cdf[r, v]."""
    num_rows, vocab_size = cdf.shape
    if vocab_size <= COUNTING_LIMIT:
        return jnp.sum(cdf[rows, :-1] <= uniforms[..., None], axis=-1)
    flat, first = cdf.reshape(num_rows * vocab_size), rows * vocab_size
    token = jnp.zeros_like(rows)  # how many entries are known to be <= u
    stride = 1 << (vocab_size - 1).bit_length()
    while stride := stride >> 1:
        ahead = token + stride
        inside = ahead < vocab_size
        entry = flat[first + jnp.minimum(ahead, vocab_size) - 1]
        token = jnp.where(inside & (entry <= uniforms), ahead, token)
    return token
