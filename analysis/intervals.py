"""Intervals over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd
    from pandas.core.groupby import DataFrameGroupBy

LEVEL = 0.95


def half_width(values: ArrayLike) -> float:
    """Half the 95 % interval of a mean over seeds, by Student's t.

    t_{n−1, 0.975} · s / √n,   s with ddof 1

    NaN for fewer than two values: one seed says nothing about the spread.
    """
    sample = np.asarray(values, dtype=float)
    sample = sample[np.isfinite(sample)]
    if sample.size < 2:
        return float("nan")
    return float(_half_width(np.float64(sample.size), sample.std(ddof=1)))


def half_widths(groups: DataFrameGroupBy) -> pd.DataFrame:
    """`half_width` of every column of every group at once; infinite values have been left out as NaN."""
    counts = groups.count().astype(float)
    return _half_width(counts.where(counts > 1), groups.std(ddof=1))


def _half_width(count: pd.DataFrame | np.floating, spread: pd.DataFrame | np.floating) -> pd.DataFrame | np.floating:
    from scipy.special import stdtrit  # a fifth of a second, which `validate` does not need

    return stdtrit(count - 1, (1 + LEVEL) / 2) * spread / np.sqrt(count)
