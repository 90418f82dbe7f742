"""What a dialect is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from ..errors import did_you_mean
from ..surrogates.base import Surrogate


@runtime_checkable
class Dialect(Protocol):
    """A trainer's options under their own names; the surrogate objective that they make.

    `presets` are the options that each `name` stands for, `ours` the options that our own words stand for; `source` is
    what was read, and when.
    """

    dialect: str
    name: str | None
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    ours: ClassVar[Mapping[str, str]]
    source: ClassVar[str]

    def surrogate(self) -> Surrogate:
        """The point of the product."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Options that do not go together: (key, sentence)."""

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Options that mean something else than their name or paper lets users expect: (key, sentence)."""


Table = dict[str, Any]


def in_dialect(dialects: Mapping[str, Any], table: Table) -> tuple[Table, list[tuple[str, str]]]:
    """The table with its dialect's options alone, and what is wrong with it: (key below the table, sentence)."""
    if problems := list(_problems(dialects, table)):
        return table, problems
    dialect = dialects[table["dialect"]]
    options = {dialect.ours.get(key, key): value for key, value in table.items()}
    return {**dialect.presets.get(table.get("name"), {}), **options}, []


def _problems(dialects: Mapping[str, Any], table: Table) -> Iterator[tuple[str, str]]:
    spoken, name = table["dialect"], table.get("name")
    if not isinstance(spoken, str) or spoken not in dialects:
        yield "dialect", f"unknown dialect {spoken!r}; {did_you_mean(str(spoken), ['paper', *dialects])}"
        return
    dialect = dialects[spoken]
    if name is not None and (not isinstance(name, str) or name not in dialect.presets):
        yield "name", f"{spoken} has no method {name!r}; {did_you_mean(str(name), dialect.presets)}"
        return
    for key, option in dialect.ours.items():
        if key in table and option in table:
            yield key, f"is {option} in {spoken}: give one of them"
    for key, value in dialect.presets.get(name, {}).items():
        if isinstance(value, str | bool) and table.get(key, value) != value:
            yield key, f"{spoken}'s {name!r} is {key} = {value!r}: leave out the name, or the {key}"
