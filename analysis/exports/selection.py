"""The rows of a table that are asked for: those of some points, some seeds, some rollouts and updates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..run.run import short
from .errors import ExportError, nearest
from .source import point_values

if TYPE_CHECKING:
    from ..run.run import Run

Span = str | tuple[int | None, int | None] | None


@dataclass(frozen=True)
class Selection:
    """Rows of these points whose integer columns have one of the values in `equal`, and are within `spans`.

    `points` is in ascending order; a span is (first, first beyond).
    """

    points: list[int]
    equal: dict[str, list[int]]
    spans: dict[str, tuple[float, float]]

    def rows(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows of a frame are within."""
        kept = np.isin(frame["point"].to_numpy(), self.points)
        for name, values in self.equal.items():
            kept &= np.isin(frame[name].to_numpy(), values)
        for name, (first, beyond) in self.spans.items():
            kept &= ((first <= frame[name]) & (frame[name] < beyond)).to_numpy()
        return kept

    @property
    def reads(self) -> list[str]:
        """The columns that `rows` looks at."""
        return list(dict.fromkeys(["point", *self.equal, *self.spans]))


def select(
    run: Run, where: Iterable[tuple[str, Any]], spans: Mapping[str, Span], integers: Collection[str]
) -> Selection:
    """What the options ask for, of a table that has these columns of integers. Raises ExportError.

    `where` gives a column's value, or several of them: any of these. A column that is named twice may have either
    value; columns named beside each other must all agree.
    """
    known_of = point_values(run) | {"point": list(range(len(run.points)))}
    points, equal = set(range(len(run.points))), {}
    for name, wanted in by_column(where).items():
        if name in known_of:
            points &= {point for value in wanted for point in holders(name, known_of[name], value)}
        elif name in integers:
            equal[name] = [_whole("where", f"{name}=", value) for value in wanted]
        else:
            known = dict.fromkeys([*known_of, *integers])
            raise ExportError("where", f"no column {name!r} to choose by; {nearest(name, known)}")
    if not points:
        raise ExportError("where", "no point has all of these values together")
    within = {}
    for option, span in spans.items():
        if span is None:
            continue
        within[option.removesuffix("s")] = _span(option, span)
        if option.removesuffix("s") not in integers:
            raise ExportError(option, f"this table has no {option}: it has a row per point, or a point and seed")
    return Selection(sorted(points), equal, within)


def by_column(where: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    """The values that are asked for, column by column; a value may be a list of them."""
    asked: dict[str, list[Any]] = {}
    for name, value in where:
        asked.setdefault(name, []).extend(value if isinstance(value, list | tuple | set) else [value])
    return asked


def _span(option: str, given: str | tuple[int | None, int | None]) -> tuple[float, float]:
    """'2:5' or (2, 5) as (2, 5); either end may be left out. Raises ExportError."""
    ends: Sequence[Any] = given.split(":") if isinstance(given, str) else list(given)
    if isinstance(given, str) and len(ends) != 2:
        raise ExportError(option, f"{given!r} is no range: write A:B, as in 0:10, or A: or :B")
    open_ends = (-np.inf, np.inf)
    first, beyond = (
        without if end in ("", None) else _whole(option, "", end) for end, without in zip(ends, open_ends, strict=True)
    )
    if beyond <= first:
        raise ExportError(option, f"{first}:{beyond} is empty: the second number is the first that is left out")
    return first, beyond


def _whole(option: str, before: str, value: Any) -> int:
    text = str(value).strip()
    if not text.isdecimal() or text != str(int(text)):
        raise ExportError(option, f"{before}{value} is no whole number, counted from 0")
    return int(text)


def holders(name: str, values: Sequence[Any], wanted: Any) -> list[int]:
    """The places where a column has the wanted value; of numbers, that value as it is shown, where none is equal.

    Raises ExportError where there are none, with what is nearest.
    """
    found = [place for place, value in enumerate(values) if is_value(value, wanted)]
    number = _number(wanted)
    numbers = {place: value for place, value in enumerate(values) if _is_number(value)}
    if not found and number is not None:
        found = [place for place, value in numbers.items() if short(float(value)) == f"{number:g}"]
    if found:
        return found
    if numbers and number is not None:
        hint = f"the nearest is {short(min(numbers.values(), key=lambda value: abs(value - number)))}"
    else:
        hint = nearest(str(wanted), dict.fromkeys("none" if value is None else short(value) for value in values))
    raise ExportError("where", f"{name} is never {str(wanted)!r}; {hint}")


def is_value(value: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, which may be its text; 'none' is no value."""
    if value is None or isinstance(value, bool):
        return str(wanted).lower() == str(value).lower()
    if _is_number(value):
        return float(value) == _number(wanted)
    return str(wanted) in (str(value), short(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(wanted: Any) -> float | None:
    try:
        return float(wanted)
    except (TypeError, ValueError):
        return None
