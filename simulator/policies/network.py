"""The transformer's layers. Every leaf of them is an array of floats, so that a network is its own parameters.

Importing this imports equinox, which is an extra: only simulator/policies/transformer.py does, when it makes a network.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int


class Attention(eqx.Module):
    """Causal self-attention: position t mixes the values of the positions up to t.

    softmax( q_t · k_s / √d  over s ≤ t ) · v_s, in `heads` heads of d = width / heads numbers each
    """

    query: eqx.nn.Linear
    key: eqx.nn.Linear
    value: eqx.nn.Linear
    out: eqx.nn.Linear
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, heads: int, key: Array):
        self.query, self.key, self.value, self.out = (
            eqx.nn.Linear(width, width, use_bias=False, key=each) for each in jax.random.split(key, 4)
        )
        self.heads = heads

    def __call__(self, stream: Float[Array, "T W"]) -> Float[Array, "T W"]:
        queries, keys, values = (
            jax.vmap(layer)(stream).reshape(len(stream), self.heads, -1) for layer in (self.query, self.key, self.value)
        )
        scores = jnp.einsum("thd,shd->hts", queries, keys) / queries.shape[-1] ** 0.5
        past = jnp.tril(jnp.ones(scores.shape[1:], dtype=bool))
        attention = jax.nn.softmax(jnp.where(past, scores, -jnp.inf), axis=-1)
        mixed = jnp.einsum("hts,shd->thd", attention, values)
        return jax.vmap(self.out)(mixed.reshape(stream.shape))


class Block(eqx.Module):
    """x ← x + attention(norm(x)), then x ← x + W₂ gelu(W₁ norm(x)) with a hidden layer four times as wide."""

    attention_norm: eqx.nn.LayerNorm
    attention: Attention
    hidden_norm: eqx.nn.LayerNorm
    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear

    def __init__(self, width: int, heads: int, key: Array):
        first, second, third = jax.random.split(key, 3)
        self.attention_norm, self.hidden_norm = eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width)
        self.attention = Attention(width, heads, first)
        self.widen = eqx.nn.Linear(width, 4 * width, key=second)
        self.narrow = eqx.nn.Linear(4 * width, width, key=third)

    def __call__(self, stream: Float[Array, "T W"]) -> Float[Array, "T W"]:
        stream = stream + self.attention(jax.vmap(self.attention_norm)(stream))
        hidden = jax.nn.gelu(jax.vmap(self.widen)(jax.vmap(self.hidden_norm)(stream)))
        return stream + jax.vmap(self.narrow)(hidden)


class Network(eqx.Module):
    """Logits of each next token: it reads the prompt's own token, then the completion's.

    `embeddings` have a row per token of the vocabulary, then one per prompt. `drawn` makes one to start from.
    """

    embeddings: Float[Array, "N W"]
    positions: Float[Array, "T W"]
    blocks: list[Block]
    norm: eqx.nn.LayerNorm
    head: Float[Array, "V W"]

    def __init__(
        self, num_prompts: int, vocab_size: int, max_length: int, layers: int, width: int, heads: int, key: Array
    ):
        self.embeddings = jnp.zeros((vocab_size + num_prompts, width))
        self.positions = jnp.zeros((max_length, width))
        self.blocks = [Block(width, heads, each) for each in jax.random.split(key, layers)]
        self.norm = eqx.nn.LayerNorm(width)
        self.head = jnp.zeros((vocab_size, width))

    def __call__(self, prompt: Int[Array, ""], tokens: Int[Array, " T"]) -> Float[Array, "T V"]:
        read = jnp.concatenate([(len(self.head) + prompt)[None], tokens[:-1]])
        stream = self.embeddings[read] + self.positions
        for block in self.blocks:
            stream = block(stream)
        return jax.vmap(self.norm)(stream) @ self.head.T


def drawn(key: Array, head: float | Float[Array, ""], **sizes: int) -> Network:
    """A network whose matrices are Gaussian noise of deviation 1/√columns, its biases 0 and its norms' gains 1.

    The head is the noise times `head`. All noise is one draw: XLA takes half a second to compile a random generator,
    and would do so for every matrix.
    """
    outline = eqx.filter_eval_shape(Network, **sizes, key=jax.random.key(0))
    leaves, structure = jax.tree_util.tree_flatten_with_path(outline)
    shapes = [leaf.shape for _, leaf in leaves if leaf.ndim == 2]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    noise = jnp.split(jax.random.normal(key, (ends[-1],)), ends[:-1])
    matrices = (part.reshape(shape) / shape[1] ** 0.5 for part, shape in zip(noise, shapes, strict=True))
    rest = {"weight": jnp.ones, "bias": jnp.zeros}
    network = jax.tree.unflatten(
        structure, [next(matrices) if leaf.ndim == 2 else rest[path[-1].name](leaf.shape) for path, leaf in leaves]
    )
    return eqx.tree_at(lambda network: network.head, network, head * network.head)
