"""What is said of a run: sentences that rules have found, with the numbers that they rest on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..quantities import available
from .naming import named
from .rules import RULES, Found, Rule
from .seen import Seen

if TYPE_CHECKING:
    from ..run.run import Run

MOST = 10


@dataclass(frozen=True)
class Explanation:
    """A finding: the rule that found it, in words, the names and numbers that it looked at, and where it is explained.

    `looked_at` has numbers, texts, or [least, most] over the variants that are meant, whose labels are `variants`.
    """

    rule: str
    says: str
    looked_at: dict[str, Any]
    link: str
    variants: tuple[str, ...] = ()


def explanations(run: Run, most: int | None = MOST) -> list[Explanation]:
    """What was seen in a run and why, the most important first; at most so many, None for all."""
    seen = Seen(run)
    found = (
        _explanation(run, rule, each) for rule in RULES.values() if _has(run, rule.needs) for each in rule.look(seen)
    )
    return [each for each, _ in zip(found, range(most), strict=False)] if most is not None else list(found)


def _explanation(run: Run, rule: Rule, found: Found) -> Explanation:
    points = range(len(run.points)) if found.points is None else found.points
    says = found.says
    if found.points is not None:
        names = named(run, found.points)
        if names.startswith(("all ", "with ")):
            names = _capital(names)
        says = f"{names}: {says}" if names else _capital(says)
    return Explanation(rule.name, says, found.looked_at, rule.link, tuple(run.labels[point] for point in points))


def _capital(text: str) -> str:
    """The text as a sentence begins; a metric's name stays as it is."""
    return text if "/" in text.split(" ")[0] else text[:1].upper() + text[1:]


def _has(run: Run, needs: tuple[str, ...]) -> bool:
    """Whether a run has what a rule looks at."""
    there = available(run.metrics, run.swept, run.has_ratios)
    return all(need in there or _of_a_task(need, there) for need in needs)


def _of_a_task(need: str, there: set[str]) -> bool:
    before, task, after = need.partition("<task>")
    pattern = re.compile(re.escape(before) + ".+" + re.escape(after))
    return bool(task) and any(pattern.fullmatch(name) for name in there)
