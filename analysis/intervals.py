"""Intervals over seeds: of a mean by Student's t, of a mean of paired differences by the bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .lazy import pd

if TYPE_CHECKING:
    from pandas.core.groupby import DataFrameGroupBy

LEVEL = 0.95
RESAMPLES = 2000
MIN_TO_RESAMPLE = 16  # fewer seeds have too few resamples that differ: Student's t
MAX_FAR = 3.0  # of Student's half width: resamples without a rare outlier have next to no spread, and t* no bounds
AT_ONCE = 256  # cases whose resamples are in memory together


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


def paired_interval(differences: ArrayLike) -> tuple[float, float]:
    """The 95 % interval of the mean of paired differences, one per seed: (low, high). See `paired_intervals`."""
    sample = np.asarray(differences, dtype=float)
    low, high = paired_intervals(sample[np.isfinite(sample)][:, None])
    return float(low[0]), float(high[0])


def paired_intervals(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % intervals of the means of paired differences `[seeds, cases]`, by the studentised bootstrap.

    [ d̄ − t*_{0.975} · s/√n,  d̄ − t*_{0.025} · s/√n ],   t* = (d̄* − d̄) / (s*/√n)

    over 2000 resamples of the seeds, the same ones for all cases and in every run. Unlike Student's t it follows a
    skewed distribution. No end is further off than three of Student's half widths. Student's t below sixteen seeds, or
    where differences do not differ; NaN for a single one.

    Reference: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 12.5.
    """
    seeds, cases = differences.shape
    if seeds < 2:
        return np.full(cases, np.nan), np.full(cases, np.nan)
    mean, error = differences.mean(axis=0), differences.std(axis=0, ddof=1) / np.sqrt(seeds)
    student = _half_width(np.float64(seeds), error * np.sqrt(seeds))
    low, high = mean - student, mean + student
    if seeds >= MIN_TO_RESAMPLE:
        varied = np.flatnonzero(error > 1e-12 * np.abs(differences).max(axis=0))
        for some in np.split(varied, range(AT_ONCE, varied.size, AT_ONCE)) if varied.size else ():
            least, most = _bootstrapped(differences[:, some] - mean[some])
            most_far = MAX_FAR * np.asarray(student)[some]
            low[some] = mean[some] - np.minimum(most * error[some], most_far)
            high[some] = mean[some] + np.minimum(-least * error[some], most_far)
    return low, high


def widened(count: np.ndarray, among: int) -> np.ndarray:
    """How much wider an interval over `count` seeds is so that all of `among` of them hold together (Bonferroni)."""
    from scipy.special import stdtrit

    alone, together = ((1 + level) / 2 for level in (LEVEL, 1 - (1 - LEVEL) / max(among, 1)))
    freedom = np.maximum(np.asarray(count, dtype=float) - 1, 1)
    return stdtrit(freedom, together) / stdtrit(freedom, alone)


def _bootstrapped(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2.5 % and 97.5 % quantiles of t* for deviations from their means `[seeds, cases]`."""
    seeds = len(centred)
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    counts = np.zeros((RESAMPLES, seeds))
    np.add.at(counts, (np.arange(RESAMPLES)[:, None], drawn), 1.0)
    mean = counts @ centred / seeds
    variance = np.maximum(counts @ centred**2 / seeds - mean**2, 0.0) * seeds / (seeds - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        student = mean / np.sqrt(variance / seeds)
    student = np.where(variance > 1e-12 * variance.max(axis=0), student, np.nan)  # of one value, drawn every time
    least, most = np.nanquantile(student, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return least, most


def _half_width(count: pd.DataFrame | np.floating, spread: pd.DataFrame | np.floating) -> pd.DataFrame | np.floating:
    from scipy.special import stdtrit  # a fifth of a second, which `validate` does not need

    return stdtrit(count - 1, (1 + LEVEL) / 2) * spread / np.sqrt(count)
