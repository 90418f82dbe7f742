"""What every part of an experiment is: one frozen dataclass that is schema, pytree and behaviour at once.

Fields marked `static` are *structure*: they are compiled in. Every other field is a *leaf*: a number that can be
swept without compiling again. The bounds stand in the field's type, so the scenario file is checked by the same
class that computes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, dataclass_transform, get_args, get_type_hints

import numpy as np
from pydantic import AfterValidator, Field, TypeAdapter
from wrapt import register_post_import_hook


def static(default: Any = dataclasses.MISSING) -> Any:
    """A field that is structure: changing it compiles a new program."""
    return dataclasses.field(default=default, metadata={"static": True})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(static, dataclasses.field))
def part(cls: type) -> type:
    """Make `cls` a frozen, keyword-only dataclass, a pytree, and a schema that forbids unknown keys."""
    cls.__pydantic_config__ = {"extra": "forbid"}
    cls = dataclasses.dataclass(frozen=True, kw_only=True, eq=False)(cls)
    register_post_import_hook(lambda jax: jax.tree_util.register_dataclass(cls), "jax")
    return cls


def _rectangle(rows: tuple) -> np.ndarray:
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"rows differ in length: {sorted({len(row) for row in rows})}")
    return np.asarray(rows, dtype=float)


# The types of fields. `strict`: a string is not a number, a boolean is not a count.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
Share = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=1)]
Count = Annotated[int, Field(strict=True, ge=1)]
Index = Annotated[int, Field(strict=True, ge=0)]
Vector = Annotated[tuple[Number, ...], Field(min_length=1), AfterValidator(lambda row: np.asarray(row, dtype=float))]
Matrix = Annotated[
    tuple[Annotated[tuple[Number, ...], Field(min_length=1)], ...], Field(min_length=1), AfterValidator(_rectangle)
]


@cache
def adapter_of(cls: type) -> TypeAdapter:
    """The validator of one class, made when it is first needed: it takes milliseconds, and an axis has many values."""
    return TypeAdapter(cls)


class Family:
    """Parts that can stand in for one another, told apart by the literal in their `tag` field.

    A family is open: `add` is all that a part of one's own needs.
    """

    def __init__(self, noun: str, tag: Literal["kind", "name", "dialect"], members: Iterable[type]):
        self.noun, self.tag = noun, tag
        self.members: dict[str, type] = {}
        for member in members:
            self.add(member)

    def add(self, member: type) -> type:
        """Add one part. Returns it, so that it serves as a decorator; raises ValueError when its name is taken."""
        (name,) = get_args(get_type_hints(member)[self.tag])
        if name in self.members:
            raise ValueError(f"there is a {self.noun} {name!r} already: {self.members[name]!r}")
        self.members[name] = member
        return member

    def adapter(self) -> TypeAdapter:
        """The validator of any member, which reads the tag first."""
        members = list(self.members.values())
        if len(members) == 1:
            return adapter_of(members[0])
        return TypeAdapter(Annotated[reduce(or_, members), Field(discriminator=self.tag)])


def claim_of(member: type) -> str:
    """The first line of a part's docstring: the sentence that lists and tables show."""
    return (member.__doc__ or "").strip().splitlines()[0]


def as_tuples(value: Any) -> Any:
    """A table with its arrays as tuples: what is structure has to be hashable."""
    if isinstance(value, list):
        return tuple(as_tuples(item) for item in value)
    return {key: as_tuples(item) for key, item in value.items()} if isinstance(value, dict) else value


def to_plain(value: Any) -> Any:
    """A part, or anything in it, as plain dicts, lists and numbers (for JSON). A part may say it shorter: `plain`."""
    if hasattr(value, "plain"):
        return value.plain()
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
