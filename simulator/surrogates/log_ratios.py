"""The level at which π and π_behavior are compared: each token, or the completion as a whole.

A level maps per-token values `[P, G, T]` (log-ratios, log-probabilities) to the values that the gate sees, and
`pullback` is its transpose: it carries what pushes on the gate's input back to the tokens.
"""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Bool, Float
from pydantic import Field

from simulator.lazy import Array, jnp
from simulator.parts import part, static


@part
class Token:
    """Each token has its own ratio.

    log ρ_it = log π(o_it | ·) − log π_behavior(o_it | ·)
    """

    kind: Literal["token"] = static("token")

    def __call__(self, values: Float[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return values

    def pullback(self, push: Float[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return push


@part
class Sequence:
    """All tokens of a completion share one length-normalised ratio.

    log s_i = (1/L_i) Σ_t log ρ_it

    Reference: GSPO, arXiv:2507.18071, equation 7.
    """

    kind: Literal["sequence"] = static("sequence")

    def __call__(self, values: Float[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        length = jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1).astype(values.dtype)
        mean = jnp.sum(jnp.where(mask, values, 0.0), axis=-1, keepdims=True) / length
        return jnp.where(mask, mean, 0.0)

    def pullback(self, push: Float[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return self(push, mask)  # the mean over a completion is a symmetric matrix


Level = Annotated[Token | Sequence, Field(discriminator="kind")]
