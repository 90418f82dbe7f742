"""A derived quantity: a function Run -> frame, declared with its needs, its possible values and its closed forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..lazy import pd
from ..run import Run


def scale_axis(columns: Iterable[str]) -> str | None:
    """The column of the swept reward scale, the environment's or a task's; None where no scale is swept."""
    scales = [name for name in columns if name.startswith("environment") and name.endswith("scale")]
    return scales[0] if scales else None


Measure = Callable[["Run"], "pd.DataFrame"]
ClosedForm = Callable[["pd.DataFrame"], "np.ndarray"]
Range = tuple[float | None, float | None]  # None: without an end

SIZE: Range = (0.0, None)
ANYTHING: Range = (None, None)
RATIOS = "[record] ratios"
SCALE = "an axis over a reward scale"
CASE = ["point", "seed", "rollout"]


@dataclass(frozen=True)
class Quantity:
    """A derived quantity.

    `measure(run)` returns a frame with one row per case: `point`, `seed`, `measured`, and what closed forms are
    functions of. `needs` names metrics, RATIOS or SCALE; `within` is the smallest and the largest possible value;
    `counts` names the columns that count its cases; `closed_forms` predict it from the rows of its frame.
    """

    measure: Measure
    needs: tuple[str, ...]
    within: Range = SIZE
    counts: tuple[str, ...] = ()
    closed_forms: Mapping[str, ClosedForm] = field(default_factory=dict)

    def __call__(self, run: Run) -> pd.DataFrame:
        return self.measure(run)

    @property
    def sentence(self) -> str:
        """What it is: the first paragraph of its docstring, as part of a sentence."""
        text = " ".join((self.measure.__doc__ or "").split("\n\n")[0].split()).rstrip(".")
        return text[:1].lower() + text[1:]


QUANTITIES: dict[str, Quantity] = {}


def quantity(*needs: str, **declared: Any) -> Callable[[Measure], Measure]:
    """Register a function as a derived quantity under its name; `declared` are the fields of Quantity."""

    def register(measure: Measure) -> Measure:
        QUANTITIES[measure.__name__] = Quantity(measure, needs, **declared)
        return measure

    return register


def column(name: str) -> ClosedForm:
    """Return the closed form that a quantity's own frame has in a column."""
    return lambda case: case[name].to_numpy()


def slopes(rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Σ (x − x̄)(y − ȳ) / Σ (x − x̄)², group by group, where `x` and `y` are finite; NaN where all x are alike."""
    rows = rows[np.isfinite(rows["x"]) & np.isfinite(rows["y"])]
    x, y = (rows[name] - rows.groupby(keys)[name].transform("mean") for name in ("x", "y"))
    sums = rows[keys].assign(above=x * y, below=x * x).groupby(keys).sum()
    return sums["above"] / sums["below"].where(sums["below"] > 0)


def derivable(metrics: Iterable[str], columns: Iterable[str], ratios: bool) -> list[str]:
    """The quantities that a run has which records these metrics, sweeps these columns, and records ratios or not."""
    there = available(metrics, columns, ratios)
    return [name for name in QUANTITIES if not lacking(name, there)]


def available(metrics: Iterable[str], columns: Iterable[str], ratios: bool) -> set[str]:
    """What a run has that quantities are worked out of."""
    return {*metrics, *([RATIOS] if ratios else []), *([SCALE] if scale_axis(columns) else [])}


def lacking(name: str, there: set[str]) -> list[str]:
    """What of that a metric or a quantity lacks."""
    needs = QUANTITIES[name].needs if name in QUANTITIES else (name,)
    return [need for need in needs if need not in there]


def range_of(name: str) -> Range:
    """The values that a quantity can have; any for what is none."""
    return QUANTITIES[name].within if name in QUANTITIES else ANYTHING
