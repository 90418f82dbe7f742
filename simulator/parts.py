"""What every part of an experiment is: one frozen dataclass that is schema, pytree and behaviour at once.

Fields marked `static` are *structure*: they are compiled in. Every other field is a *leaf*: a number that can be
swept without compiling again. The bounds stand in the field's type, so the scenario file is checked by the same
class that computes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from functools import cache, reduce
from importlib.metadata import EntryPoint, entry_points
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, dataclass_transform, get_args, get_type_hints

import numpy as np
from pydantic import AfterValidator, Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema
from wrapt import register_post_import_hook


def static(default: Any = dataclasses.MISSING) -> Any:
    """A field that is structure: changing it compiles a new program."""
    return dataclasses.field(default=default, metadata={"static": True})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(static, dataclasses.field))
def part(cls: type) -> type:
    """Make `cls` a frozen, keyword-only dataclass, a pytree, and a schema that forbids unknown keys."""
    setattr(cls, "__pydantic_config__", {"extra": "forbid"})  # noqa: B010
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
if TYPE_CHECKING:  # a file has arrays of numbers, a part has them as NumPy's
    Vector = np.ndarray
    Matrix = np.ndarray
else:
    Vector = Annotated[
        tuple[Number, ...], Field(min_length=1), AfterValidator(lambda row: np.asarray(row, dtype=float))
    ]
    Matrix = Annotated[
        tuple[Annotated[tuple[Number, ...], Field(min_length=1)], ...], Field(min_length=1), AfterValidator(_rectangle)
    ]


@cache
def adapter_of(cls: type) -> TypeAdapter:
    """The validator of one class, made when it is first needed: it takes milliseconds, and an axis has many values."""
    return TypeAdapter(cls)


Member = TypeVar("Member", bound=type)


@cache
def _installed() -> Any:
    """Return what the installed packages offer, read once per process."""
    return entry_points()


REWRITTEN: list[Callable[[], None]] = []  # called when a part was written again: its name means other code now


def tell_rewritten() -> None:
    """Call what has to know that the code behind a name has changed."""
    for forget in REWRITTEN:
        forget()


def origin(written: Any) -> str:
    """Return where a class or a function is written, as an entry point says it: module:name."""
    return f"{getattr(written, '__module__', '')}:{getattr(written, '__qualname__', written)}"


def offered(group: str) -> dict[str, EntryPoint]:
    """Return what installed packages offer to `ratiodrift.<group>`, by name; nothing is imported."""
    return {entry.name: entry for entry in _installed().select(group=f"ratiodrift.{group}")}


class Registry:
    """What can stand in for one another, by name: from this package, from Python, and from installed packages.

    An installed package offers one by an entry point of the group `ratiodrift.<group>`.
    """

    def __init__(self, noun: str, group: str | None = None):
        self.noun, self.group = noun, group or f"{noun}s"
        self.unusable: dict[str, str] = {}  # the name that an installed package offers -> why it cannot be used
        self._members: dict[str, Any] = {}
        self._origins: dict[str, str] = {}
        self._looked = False

    @property
    def members(self) -> dict[str, Any]:
        """The members by name. The first look takes in those of the installed packages."""
        if not self._looked:
            self._looked = True
            for name, entry in offered(self.group).items():
                try:
                    self._take_in(name, entry.load())
                except Exception as error:  # whatever a package does when it is imported
                    self.unusable[name] = f"{entry.value} cannot be used: {type(error).__name__}: {error}"
        return self._members

    def __getitem__(self, name: str) -> Any:
        return self._members[name] if name in self._members else self.members[name]

    def __contains__(self, name: object) -> bool:
        return name in self._members or name in self.members

    def names(self) -> tuple[str, ...]:
        """Return the names that are known without a look at the installed packages."""
        return tuple(self._members)

    def _take_in(self, name: str, loaded: Any) -> None:
        """Make a member of what an entry point led to. Raise ValueError where it cannot be one."""
        raise NotImplementedError

    def _put(self, name: str, member: Any, written: Any) -> None:
        """Keep a member that was `written` as a class or a function; one that is written again replaces itself."""
        if name in self._members and origin(written) != self._origins[name]:
            raise ValueError(f"{self.noun} {name!r} is there already: {self._members[name]!r}")
        if name in self._members:
            tell_rewritten()
        self._members[name], self._origins[name] = member, origin(written)


class Family(Registry):
    """Parts that can stand in for one another, told apart by the literal in their `tag` field.

    As the metadata of a field's type (`Annotated[Any, FAMILY]`), a family validates any member.
    """

    def __init__(
        self, noun: str, tag: Literal["kind", "name", "dialect"], members: Iterable[type] = (), group: str | None = None
    ):
        super().__init__(noun, group)
        self.tag = tag
        for member in members:
            self.add(member)

    def add(self, member: Member) -> Member:
        """Add one part. Return it, so that `add` serves as a decorator. Raise ValueError when its name is taken."""
        (name,) = get_args(get_type_hints(member)[self.tag])
        self._put(name, member, member)
        adapter_of.cache_clear()  # an adapter may hold the family as it was
        return member

    def _take_in(self, name: str, loaded: Any) -> None:
        if loaded not in self._members.values():  # its module may have added it
            self.add(loaded)

    def adapter(self) -> TypeAdapter:
        """Return the validator of any member, which reads the tag first."""
        return TypeAdapter(self._union())

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self._union())

    def _union(self) -> Any:
        members = list(self.members.values())
        return members[0] if len(members) == 1 else Annotated[reduce(or_, members), Field(discriminator=self.tag)]


def claim_of(member: Any) -> str:
    """The first line of its docstring: the sentence that lists and tables show."""
    return ((member.__doc__ or "").strip().splitlines() or [""])[0]


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
