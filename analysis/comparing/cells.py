"""The numbers of a comparison as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..text import minus, number, with_interval

if TYPE_CHECKING:
    import pandas as pd

    from .comparison import Comparison

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


def names(comparison: Comparison) -> list[str]:
    """The variants, marked where they diverged."""
    diverged = set(comparison.frame.loc[comparison.frame["diverged"] > 0, "variant"])
    return [name + MARK if name in diverged else name for name in comparison.variants]


def excludes_zero(row: pd.Series) -> bool:
    """Whether the interval of the difference leaves zero out, by more than rounding."""
    return bool(row["difference_low"] > 0 or row["difference_high"] < 0) and not _is_rounding(row)
