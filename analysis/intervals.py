"""Intervals over seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95


def half_width(values: ArrayLike) -> float:
    """Half the 95 % interval of a mean over seeds, by Student's t.

    t_{n−1, 0.975} · s / √n,   s with ddof 1

    NaN for fewer than two values: one seed says nothing about the spread.
    """
    from scipy.special import stdtrit  # a fifth of a second, which `validate` does not need

    sample = np.asarray(values, dtype=float)
    sample = sample[np.isfinite(sample)]
    if sample.size < 2:
        return float("nan")
    return float(stdtrit(sample.size - 1, (1 + LEVEL) / 2) * sample.std(ddof=1) / np.sqrt(sample.size))
