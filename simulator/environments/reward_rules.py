"""What a completion of a token world is worth: rules from tokens to a number."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from ..lazy import Array, jnp
from ..parts import Index, Number, Vector, part, static

Text = Annotated[tuple[Index, ...], Field(min_length=1)]  # one completion as a list of tokens


def _same_text(tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], text: tuple[int, ...]) -> Bool[Array, "P G"]:
    """Whether a completion is exactly `text`, whose end token may be left out."""
    length = tokens.shape[-1]
    padded = np.full(length, -1)
    padded[: len(text)] = text
    with_end = padded.copy()
    if len(text) < length:
        with_end[len(text)] = 0
    said = jnp.where(mask, tokens, -1)
    return jnp.all(said == padded, axis=-1) | jnp.all(said == with_end, axis=-1)


@part
class Match:
    """1 for saying exactly the target, 0 otherwise."""

    rule: Literal["match"] = static(default="match")
    target: Text = static()

    def texts(self) -> tuple[tuple[int, ...], ...]:
        return (self.target,)

    def value(self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G"]:
        return _same_text(tokens, mask, self.target).astype(float)


@part
class CountToken:
    """The number of times that the completion says one token."""

    rule: Literal["count"] = static(default="count")
    token: Index = static()

    def texts(self) -> tuple[tuple[int, ...], ...]:
        return ((self.token,),)

    def value(self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G"]:
        return jnp.sum((tokens == self.token) & mask, axis=-1).astype(float)


@part
class Table:
    """A value for each listed completion, and one for all the others."""

    rule: Literal["table"] = static(default="table")
    completions: Annotated[tuple[Text, ...], Field(min_length=1)] = static()
    values: Vector
    otherwise: Number = 0.0

    def texts(self) -> tuple[tuple[int, ...], ...]:
        return self.completions

    def value(self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"]) -> Float[Array, "P G"]:
        value = jnp.full(tokens.shape[:-1], self.otherwise)
        for text, worth in zip(self.completions, jnp.asarray(self.values), strict=True):
            value = jnp.where(_same_text(tokens, mask, text), worth, value)
        return value


RewardRule = Annotated[Match | CountToken | Table, Field(discriminator="rule")]
