"""What stands in the cells of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..intervals import half_widths, paired_intervals
from ..text import number, with_interval
from .columns import values
from .variants import Variant

if TYPE_CHECKING:
    import pandas as pd

    from ..run.run import Run
    from .comparison import Comparison


def column(runs: Sequence[Run], variants: Sequence[Variant], name: str, base: int) -> pd.DataFrame:
    """A row per variant: what `Comparison.frame` has of one column; differences are from the variant `base`."""
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
    for index, pattern in enumerate(patterns):
        which = np.flatnonzero(of.reshape(-1) == index)
        if pattern.any():
            mine = differences[np.ix_(which, pattern)].T
            found["difference"][which] = mine.mean(axis=0)
            found["difference_low"][which], found["difference_high"][which] = paired_intervals(mine)
    return found | {"pairs": common.sum(axis=1)}


MARK = " †"  # of a variant that diverged in some seeds
ROUNDING = 1e-15  # of a mean whose interval does not leave 0 out
SAME = 1e-13  # of the means: a difference that is nothing but rounding
NEARLY_EQUAL = 0.15  # halves of an interval that differ by less are written as one


def mean(row: pd.Series) -> str:
    """'1.594 ± 0.045'; what is nothing but rounding is 0."""
    if abs(row["mean"]) <= ROUNDING and not row["low"] > 0 and not row["high"] < 0:
        return with_interval(0.0, 0.0 * row["low"])
    return minus(with_interval(row["mean"], row["low"]))


def difference(row: pd.Series) -> str:
    """'−0.224 ± 0.045'; '−0.224 (−0.04 +0.06)' where the interval is not symmetric; empty without a difference."""
    value, low, high = row["difference"], row["difference_low"], row["difference_high"]
    if not math.isfinite(value):
        return ""
    if value != 0 and _is_rounding(row):
        return with_interval(0.0, 0.0 * low)
    sign = "+" if value > 0 else ""
    below, above = value - low, high - value
    if not math.isfinite(below) or max(below, above) <= 1e-12 * max(abs(value), 1.0):
        return minus(sign + with_interval(value, low))
    if abs(above - below) <= NEARLY_EQUAL * (above + below):
        return minus(sign + with_interval(value, value - (above + below) / 2))
    decimals = max(0, 1 - math.floor(math.log10(max(below, above))))
    if decimals > 6:
        return minus(f"{sign}{number(value)} (-{below:.1e} +{above:.1e})")
    return minus(f"{sign}{value:.{decimals}f} (-{below:.{decimals}f} +{above:.{decimals}f})")


def _is_rounding(row: pd.Series) -> bool:
    """Whether the two means differ by no more than their last digits."""
    return abs(row["difference"]) <= SAME * max(abs(row["mean"]), abs(row["mean"] - row["difference"]))


def minus(text: str) -> str:
    """The text with the typographic minus, but for exponents: '1e-05' stays."""
    return "".join("−" if sign == "-" and text[at - 1 : at] not in ("e", "E") else sign for at, sign in enumerate(text))


def names(comparison: Comparison) -> list[str]:
    """The variants, marked where they diverged."""
    diverged = set(comparison.frame.loc[comparison.frame["diverged"] > 0, "variant"])
    return [name + MARK if name in diverged else name for name in comparison.variants]


def tells(row: pd.Series) -> bool:
    """Whether the interval of the difference leaves zero out, by more than rounding."""
    return bool(row["difference_low"] > 0 or row["difference_high"] < 0) and not _is_rounding(row)
