"""The numbers of one column: means with intervals over seeds, and differences from a baseline, paired by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..intervals import half_widths, paired_intervals
from .columns import values
from .variants import Variant

if TYPE_CHECKING:
    from ..run.run import Run


def column(runs: Sequence[Run], variants: Sequence[Variant], name: str, base: int) -> pd.DataFrame:
    """A row a variant: what `Comparison.frame` has of one column; differences are from the variant `base`."""
    cases = pd.concat([values(run, name).assign(run=index) for index, run in enumerate(runs)], ignore_index=True)
    cases["measured"] = cases["measured"].astype(float).replace([np.inf, -np.inf], np.nan)
    where = pd.MultiIndex.from_arrays([[each.index for each in variants], [each.point for each in variants]])
    by_point = cases.groupby(["run", "point"])["measured"]
    defined = (by_point.count() / by_point.size()).reindex(where).to_numpy()
    table = cases.groupby(["run", "point", "seed"])["measured"].mean().unstack("seed").reindex(where)
    each = table.stack()
    half = half_widths(each.to_frame("measured").groupby(level=[0, 1]))["measured"].reindex(where).to_numpy()
    mean = table.mean(axis=1).to_numpy()
    found = pd.DataFrame(
        {
            "variant": [each.label for each in variants],
            "column": name,
            "mean": mean,
            "low": mean - half,
            "high": mean + half,
        }
    )
    differences = paired(table.to_numpy(dtype=float), base)
    return found.assign(**differences, seeds=table.count(axis=1).to_numpy(), defined=defined)


def paired(table: np.ndarray, base: int) -> dict[str, np.ndarray]:
    """The differences `[variants]` from row `base` of a table `[variants, seeds]`, over the seeds that both have."""
    differences = table - table[base]
    differences[base] = np.nan
    common = np.isfinite(differences)
    found = {key: np.full(len(table), np.nan) for key in ("difference", "difference_low", "difference_high")}
    patterns, of = np.unique(common, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        which = np.flatnonzero(of.reshape(-1) == number)
        if pattern.any():
            mine = differences[np.ix_(which, pattern)].T
            found["difference"][which] = mine.mean(axis=0)
            found["difference_low"][which], found["difference_high"][which] = paired_intervals(mine)
    return found | {"pairs": common.sum(axis=1)}
