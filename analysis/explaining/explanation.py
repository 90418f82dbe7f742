"""Explanations: sentences that rules have found, the variants that they are about, the numbers that they rest on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..quantities import available
from ..run.run import short
from .format import ends
from .rules import RULES, Found, Rule
from .run_stats import RunStats

if TYPE_CHECKING:
    from ..run.run import Run

MAX_NAMED = 3
MAX_VALUES = 4
LONGEST = 70  # characters that labels may have together


def named(run: Run, points: Sequence[int]) -> str:
    """'all 8 variants', 'adamw; lion', 'all but sgd', 'with epochs = 1', or '5 of 9 variants (… to …)'.

    Empty for the only variant of a run.
    """
    labels, count = run.labels, len(run.points)
    if len(points) == count:
        return f"all {count:,} variants" if count > 1 else ""
    if len(points) == 1:
        return labels[points[0]]
    by_labels = "; ".join(labels[point] for point in points)
    by_values = _product(run, set(points))
    fits = len(points) <= MAX_NAMED and len(by_labels) <= LONGEST
    if by_values and not (fits and len(by_labels) <= len(by_values)):
        return by_values
    if fits:
        return by_labels
    others = sorted({*range(count)} - {*points})
    if len(others) <= MAX_NAMED and len(exceptions := "; ".join(labels[point] for point in others)) <= LONGEST:
        return f"all {count:,} variants but {exceptions}"
    return f"{len(points):,} of {count:,} variants ({labels[points[0]]}; …; {labels[points[-1]]})"


def _product(run: Run, points: set[int]) -> str:
    """'with lion or sgd and epochs = 1': the values of columns that these points have, all of them and no others."""
    words, matching = [], set(range(len(run.points)))
    for column, values in run.points.swept.items():
        mine = {repr(values[point]): values[point] for point in sorted(points)}
        if len(mine) == len({repr(value) for value in values}):
            continue
        matching = {point for point in matching if repr(values[point]) in mine}
        words.append(_values(column, list(values), [value for value in mine.values() if value is not None]))
    return f"with {' and '.join(words)}" if matching == points and words and all(words) else ""


def _values(column: str, values: list[Any], mine: list[Any]) -> str:
    """'epochs = 1 or 2', 'grpo or gspo'; empty where there are too many to list."""
    texts = [short(value) for value in mine]
    name = f"{column.rsplit('.', 1)[-1]} = " if "." in column else ""
    if 0 < len(texts) <= MAX_VALUES:
        between = "; " if any("," in text for text in texts) else ", "
        return name + (f"{between.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else texts[0])
    numbers = [value for value in mine if isinstance(value, int | float)]
    if not numbers or len(numbers) < len(texts):
        return ""
    least, most = min(numbers), max(numbers)
    there = {value for value in values if value is not None and least <= value <= most}
    return f"{name}{least:g} to {most:g}" if there == set(numbers) else ""


MAX_FINDINGS = 10


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


def explanations(run: Run, most: int | None = MAX_FINDINGS) -> list[Explanation]:
    """What was seen in a run and why, the most important first; at most so many, None for all."""
    stats, there = RunStats(run), available(run.metrics, run.swept, run.has_ratios)
    rules = [rule for rule in RULES.values() if all(_is_there(need, there) for need in rule.needs)]
    return list(islice((_explanation(run, rule, found) for rule in rules for found in rule.look(stats)), most))


def _explanation(run: Run, rule: Rule, found: Found) -> Explanation:
    points = range(len(run.points)) if found.points is None else found.points
    says = found.says
    if found.points is not None:
        names = named(run, found.points)
        if names.startswith(("all ", "with ")):
            names = _capital(names)
        says = f"{names}: {says}" if names else _capital(says)
    looked_at = {name: ends(value) if isinstance(value, list) else value for name, value in found.looked_at.items()}
    return Explanation(rule.name, says, looked_at, rule.link, tuple(run.labels[point] for point in points))


def _capital(text: str) -> str:
    """The text as a sentence begins; a metric's name stays as it is."""
    return text if "/" in text.split(" ")[0] else text[:1].upper() + text[1:]


def _is_there(need: str, there: set[str]) -> bool:
    """Whether a run has what a rule looks at; 'task/<task>/return' of any task."""
    before, task, after = need.partition("<task>")
    pattern = re.compile(re.escape(before) + ".+" + re.escape(after))
    return need in there or bool(task) and any(pattern.fullmatch(name) for name in there)
