"""The factor on a reward: a number, or one that changes from rollout to rollout.

reward_scale = 5.0
reward_scale = { kind = "jump", at = 50, before = 1.0, after = 5.0 }
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from jaxtyping import Float, Int
from pydantic import Discriminator, Field, Tag

from ..lazy import Array, jnp
from ..parts import Index, Number, Vector, part, static


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
