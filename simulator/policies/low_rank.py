"""A table of logits with few degrees of freedom: the states share what the tokens mean, and learn it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..parts import Count, NonNegative, part, static
from ..types import Completions, Params
from .base import POLICIES
from .sampling import cumulative, draw


@POLICIES.add
@part
class LowRank:
    """Softmax over a product of two matrices that are both trained: π(v|s) ∝ exp( (A B)[s, v] ).

    A `[S, r]` starts at Gaussian noise of deviation scale/√r, B `[r, V]` at zeros, with r = `rank`: the policy starts
    uniform, its first gradient is Aᵀ∂J/∂(A B) in B and zero in A. From then on each moves the other's gradient.
    """

    kind: Literal["low_rank"] = static(default="low_rank")
    rank: Count = static(default=2)
    scale: NonNegative = 1.0

    def prepare(self, key: Array, environment: Environment) -> LowRank:
        return self

    def init(self, key: Array, environment: Environment) -> Params:
        noise = jax.random.normal(key, (environment.num_states, self.rank))
        return {"A": self.scale / self.rank**0.5 * noise, "B": jnp.zeros((self.rank, environment.vocab_size))}

    def logits(self, params: Params, completions: Completions) -> Float[Array, "R V"]:
        return params["A"] @ params["B"]

    def rows(self, completions: Completions) -> Int[Array, "P G T"]:
        return completions.states

    def sampler(self, params: Params) -> Callable[..., Int[Array, "P G"]]:
        cdf = cumulative(params["A"] @ params["B"])
        return lambda uniforms, states, tokens, position: draw(cdf, states, uniforms)
