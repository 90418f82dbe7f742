"""The variants for which something holds, in as few words as tell which they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..run.run import short

if TYPE_CHECKING:
    from ..run.run import Run

MOST_NAMED = 3
MOST_VALUES = 4
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
    fits = len(points) <= MOST_NAMED and len(by_labels) <= LONGEST
    if by_values and not (fits and len(by_labels) <= len(by_values)):
        return by_values
    if fits:
        return by_labels
    others = sorted({*range(count)} - {*points})
    if len(others) <= MOST_NAMED and len(exceptions := "; ".join(labels[point] for point in others)) <= LONGEST:
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
    if 0 < len(texts) <= MOST_VALUES:
        between = "; " if any("," in text for text in texts) else ", "
        return name + (f"{between.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else texts[0])
    numbers = [value for value in mine if isinstance(value, int | float)]
    if not numbers or len(numbers) < len(texts):
        return ""
    least, most = min(numbers), max(numbers)
    there = {value for value in values if value is not None and least <= value <= most}
    return f"{name}{least:g} to {most:g}" if there == set(numbers) else ""
