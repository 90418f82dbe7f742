"""What a dialect is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

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
