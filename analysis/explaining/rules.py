"""What a rule is, and all that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run_stats import RunStats


@dataclass(frozen=True)
class Found:
    """That something holds for some points (None: for the run as a whole), and the values that say so.

    `says` is a sentence without the variants' names, `looked_at` has numbers, texts, or lists of a value per point.
    """

    says: str
    looked_at: dict[str, Any]
    points: list[int] | None = None


Look = Callable[["RunStats"], Iterable[Found]]


@dataclass(frozen=True)
class Rule:
    """Looks at a run that has what it `needs` (metrics, recorded ratios, axes); `link` says why its claim is so."""

    name: str
    claim: str
    when: str
    needs: tuple[str, ...]
    link: str
    look: Look = field(repr=False)


RULES: dict[str, Rule] = {}  # the most important first: topics are imported in that order


def rule(link: str, *needs: str) -> Callable[[Look], Look]:
    """Register a rule under its function's name: its claim is its docstring's first sentence, the rest says when."""

    def register(look: Look) -> Look:
        claim, _, rest = (look.__doc__ or "").partition("\n\n")
        name = look.__name__
        RULES[name] = Rule(name, " ".join(claim.split()), " ".join(rest.split()), needs, link, look)
        return look

    return register


def table() -> tuple[list[str], list[list[str]]]:
    """The heads and rows of a table of all rules, for documents."""
    rows = []
    for each in RULES.values():
        needs = ", ".join(need if " " in need else f"`{need}`" for need in each.needs)
        page, _, anchor = each.link.removeprefix("docs/").partition("#")  # as it is from within docs/
        link = f"[{anchor.lstrip('0123456789-').replace('-', ' ')}]({page}#{anchor})"
        rows.append([f"`{each.name}`", each.claim, each.when, needs or "–", link])
    return ["rule", "it says", "when", "it needs", "why"], rows
