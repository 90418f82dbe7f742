"""Who has a value: numbers as numbers, text as text, and `none` for those that have no value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..run.run import short
from .problems import ExportError, nearest

UNSET = "none"


def holders(name: str, values: Sequence[Any], wanted: Any) -> list[int]:
    """The places where a column has the wanted value; of numbers, that value as it is shown, where none is equal.

    Raises ExportError where there are none, with what is nearest.
    """
    found = [place for place, value in enumerate(values) if is_value(value, wanted)]
    number = _number(wanted)
    if not found and number is not None:
        found = [place for place, value in enumerate(values) if _counts(value) and short(float(value)) == f"{number:g}"]
    if found:
        return found
    numbers = [value for value in values if _counts(value)]
    known = list(dict.fromkeys(UNSET if value is None else short(value) for value in values))
    if numbers and number is not None:
        there = f"the nearest is {short(min(numbers, key=lambda value: abs(value - number)))}"
    else:
        there = nearest(str(wanted), known)
    raise ExportError("where", f"{name} is never {str(wanted)!r}; {there}")


def is_value(value: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, which may be its text."""
    if value is None:
        return wanted is None or str(wanted).lower() == UNSET
    if isinstance(value, bool):
        return str(wanted).lower() == str(value).lower()
    if _counts(value):
        return float(value) == _number(wanted)
    return str(wanted) in (str(value), short(value))


def _counts(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(wanted: Any) -> float | None:
    try:
        return float(wanted)
    except (TypeError, ValueError):
        return None
