"""Which columns a comparison has, where their values come from, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..sentences import meaning, reading
from .variants import ComparisonError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from ..run.run import Run

USUAL = (
    "return/exact",
    "drift/excess_max",
    "drift/over_twin",
    "first_all_clipped",
    "time_outside",
    "braking_distance",
)


def available(run: Run) -> list[str]:
    """The columns that a run has values of: its metrics, and what can be worked out of them."""
    from ..quantities import derivable

    return list(dict.fromkeys([*run.metrics, *derivable(run.metrics, run.swept, run.has_ratios)]))


def chosen(runs: Sequence[Run], wanted: Sequence[str] | None, sort: str | None = None) -> list[str]:
    """The columns that are asked for, else the runs' headlines and the usual ones that all runs have; and the sort's.

    Raises ComparisonError for a column that no run has, and where the runs have none of them in common.
    """
    there = [available(run) for run in runs]
    known = sorted({name for names in there for name in names})
    if wanted is not None:
        for name in wanted:
            if name not in known:
                raise ComparisonError("columns", f"no column {name!r} was recorded; {nearest(name, known)}")
        if not wanted:
            raise ComparisonError("columns", "names no column")
        found = list(dict.fromkeys(wanted))
    else:
        usual = dict.fromkeys([*(run.heading["headline"] for run in runs), *USUAL])
        found = [name for name in usual if all(name in names for names in there)]
    if sort is not None and sort not in known:
        raise ComparisonError("sort", f"no column {sort!r} was recorded; {nearest(sort, found or known)}")
    if not found:
        raise nothing_in_common(runs)
    return found if sort is None or sort in found else [*found, sort]


def nothing_in_common(runs: Sequence[Run]) -> ComparisonError:
    """What to say of runs that share none of the usual columns."""
    there = [available(run) for run in runs]
    shared = [name for name in there[0] if all(name in names for names in there) and name in runs[0].metrics]
    named = ", ".join(name for name in shared if name != "diverged")
    hint = f"all of them have {named}: name those as columns" if named else "they share no metric at all"
    return ComparisonError("columns", f"the runs have values of none of the usual columns in common; {hint}")


def values(run: Run, name: str) -> pd.DataFrame:
    """A row per case: point, seed, measured. Empty where the run has no such column."""
    import pandas as pd

    from ..quantities import QUANTITIES
    from ..quantities.parameters import readings_of

    if name not in available(run):
        return pd.DataFrame({"point": [], "seed": [], "measured": []})
    if name in run.metrics:
        return readings_of(run, name)
    return QUANTITIES[name](run)[["point", "seed", "measured"]]


def legend(run: Run, name: str) -> str:
    """What a column is, and which of its values stands for a run."""
    when = reading(run, name)
    return meaning(run, name).rstrip(".") + (f",{when}" if when else "; mean over its cases")
