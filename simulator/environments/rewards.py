"""Rewards of environments: how chance enters them, how their scale changes over time, which rules give them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Discriminator, Field, Tag

from ..lazy import Array, jax, jnp
from ..parts import Index, Number, Vector, part, static

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


@part
class Jump:
    """One value up to a rollout, another from it on."""

    kind: Literal["jump"] = static(default="jump")
    at: Index
    before: Number = 1.0
    after: Number

    def __call__(self, rollout: Int[Array, ""]) -> Float[Array, ""]:
        return jnp.where(rollout < self.at, self.before, self.after)


@part
class Ramp:
    """A straight line from `before`, up to rollout `begin`, to `after`, from rollout `end` on."""

    kind: Literal["ramp"] = static(default="ramp")
    begin: Index = 0
    end: Index
    before: Number = 1.0
    after: Number

    def __call__(self, rollout: Int[Array, ""]) -> Float[Array, ""]:
        way = jnp.clip((rollout - self.begin) / jnp.maximum(self.end - self.begin, 1), 0.0, 1.0)
        return self.before + way * (jnp.asarray(self.after) - self.before)

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.end <= self.begin:
            yield "end", f"a ramp ends after it begins: end = {self.end}, begin = {self.begin}"


@part
class Stages:
    """A curriculum: the i-th value holds from rollout `at[i]` on."""

    kind: Literal["stages"] = static(default="stages")
    at: Annotated[tuple[Index, ...], Field(min_length=1)] = static()
    values: Vector

    def __call__(self, rollout: Int[Array, ""]) -> Float[Array, ""]:
        stage = jnp.sum(rollout >= jnp.asarray(self.at)) - 1
        return jnp.asarray(self.values)[jnp.maximum(stage, 0)]

    def problems(self) -> Iterator[tuple[str, str]]:
        if len(self.at) != len(self.values):
            yield "values", f"{len(self.values)} values for {len(self.at)} stages"
        if self.at[0] != 0 or any(late <= early for early, late in zip(self.at, self.at[1:], strict=False)):
            yield "at", f"the stages begin at rollout 0 and follow one another, got {list(self.at)}"


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("kind", "unnamed"))
    return getattr(value, "kind", "number")


RewardScale = Annotated[
    Annotated[Number, Tag("number")]
    | Annotated[Jump, Tag("jump")]
    | Annotated[Ramp, Tag("ramp")]
    | Annotated[Stages, Tag("stages")],
    Discriminator(_form),
]


def scale_at(scale: Any, rollout: Int[Array, ""]) -> float | Array:
    """The factor in one rollout."""
    return scale(rollout) if isinstance(scale, Jump | Ramp | Stages) else scale


def scale_problems(scale: Any, key: str = "reward_scale") -> Iterator[tuple[str, str]]:
    """What is wrong within a factor that changes over time: (field, sentence)."""
    for inner, sentence in getattr(scale, "problems", tuple)():
        yield f"{key}.{inner}", sentence


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
