"""The columns of a comparison: which there are, what they mean, and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..intervals import half_widths, paired_intervals
from ..sentences import meaning, reading
from .variants import ComparisonError, Variant, nearest

if TYPE_CHECKING:
    from ..run.run import Run

USUAL = ("return/exact", "drift/excess_max", "drift/over_twin", "first_all_clipped", "time_outside", "braking_distance")


def available(run: Run) -> list[str]:
    """The columns that a run has values of: its metrics, and what can be worked out of them."""
    from ..quantities import derivable

    return list(dict.fromkeys([*run.metrics, *derivable(run.metrics, run.swept, run.has_ratios)]))


def chosen(runs: Sequence[Run], wanted: Sequence[str] | None, sort: str | None = None) -> list[str]:
    """The columns that are asked for, else the runs' headlines and the usual ones that all runs have; and the sort's.

    Raises ComparisonError for a column that no run has, and where the runs have none of them in common.
    """
    by_run = [available(run) for run in runs]
    known = sorted({name for names in by_run for name in names})
    if wanted is not None:
        for name in wanted:
            if name not in known:
                raise ComparisonError("columns", f"no column {name!r} was recorded; {nearest(name, known)}")
        if not wanted:
            raise ComparisonError("columns", "names no column")
        found = list(dict.fromkeys(wanted))
    else:
        usual = dict.fromkeys([*(run.heading["headline"] for run in runs), *USUAL])
        found = [name for name in usual if all(name in names for names in by_run)]
    if sort is not None and sort not in known:
        raise ComparisonError("sort", f"no column {sort!r} was recorded; {nearest(sort, found or known)}")
    if not found:
        raise nothing_in_common(runs)
    return found if sort is None or sort in found else [*found, sort]


def nothing_in_common(runs: Sequence[Run]) -> ComparisonError:
    """The error where runs share none of the usual columns."""
    shared = [name for name in runs[0].metrics if name != "diverged" and all(name in available(run) for run in runs)]
    names = ", ".join(shared)
    hint = f"all of them have {names}: name those as columns" if shared else "they share no metric at all"
    return ComparisonError("columns", f"the runs have values of none of the usual columns in common; {hint}")


def legend(runs: Sequence[Run], name: str, part: pd.DataFrame) -> str:
    """What a column is, which of its values stands for a run, and where it is not always defined, how often it is."""
    run = next(run for run in runs if name in available(run))
    when = reading(run, name)
    text = meaning(run, name).rstrip(".") + (f",{when}" if when else "; mean over its cases")
    shares = part["defined"].dropna()
    if len(shares) and shares.min() < 1:
        least, most = (f"{100 * share:.0f} %" for share in (shares.min(), shares.max()))
        text += f"; defined in {least if least == most else f'{least} to {most}'} of the cases, by variant"
    return text


def column(runs: Sequence[Run], variants: Sequence[Variant], name: str, base: int) -> pd.DataFrame:
    """A row per variant: what `Comparison.frame` has of one column; differences are from the variant `base`."""
    cases = pd.concat([_values(run, name).assign(run=index) for index, run in enumerate(runs)], ignore_index=True)
    cases["measured"] = cases["measured"].astype(float).replace([np.inf, -np.inf], np.nan)
    where = pd.MultiIndex.from_arrays([[each.index for each in variants], [each.point for each in variants]])
    by_point = cases.groupby(["run", "point"])["measured"]
    table = cases.groupby(["run", "point", "seed"])["measured"].mean().unstack("seed").reindex(where)
    by_variant = table.stack().to_frame("measured").groupby(level=[0, 1])
    half = half_widths(by_variant)["measured"].reindex(where).to_numpy()
    mean = table.mean(axis=1).to_numpy()
    return pd.DataFrame(
        {
            "variant": [each.label for each in variants],
            "column": name,
            "mean": mean,
            "low": mean - half,
            "high": mean + half,
            **_differences(table.to_numpy(dtype=float), base),
            "seeds": table.count(axis=1).to_numpy(),
            "defined": (by_point.count() / by_point.size()).reindex(where).to_numpy(),
        }
    )


def _values(run: Run, name: str) -> pd.DataFrame:
    """A row per case: point, seed, measured. Empty where the run has no such column."""
    from ..quantities import QUANTITIES
    from ..quantities.parameters import readings_of

    if name not in available(run):
        return pd.DataFrame({"point": [], "seed": [], "measured": []})
    return readings_of(run, name) if name in run.metrics else QUANTITIES[name](run)[["point", "seed", "measured"]]


def _differences(table: np.ndarray, base: int) -> dict[str, np.ndarray]:
    """The differences `[variants]` from row `base` of a table `[variants, seeds]`, over the seeds that both have."""
    differences = table - table[base]
    differences[base] = np.nan
    common = np.isfinite(differences)
    found = {key: np.full(len(table), np.nan) for key in ("difference", "difference_low", "difference_high")}
    patterns, of = np.unique(common, axis=0, return_inverse=True)
    for index, pattern in enumerate(patterns):
        which = np.flatnonzero(of.reshape(-1) == index)
        if pattern.any():
            paired = differences[np.ix_(which, pattern)].T
            found["difference"][which] = paired.mean(axis=0)
            found["difference_low"][which], found["difference_high"][which] = paired_intervals(paired)
    return found | {"pairs": common.sum(axis=1)}
