"""Intervals over seeds against tables of Student's t, and by coverage."""

import numpy as np
import pytest

from analysis.intervals import half_width


def test_half_width_uses_students_t():
    # n = 4: t(3, 0.975) = 3.1824; s of 1, 2, 3, 4 is 1.29099; 3.1824 · 1.29099 / 2 = 2.0542
    assert half_width([1.0, 2.0, 3.0, 4.0]) == pytest.approx(2.0542, abs=1e-4)


def test_one_seed_has_no_interval():
    assert np.isnan(half_width([3.0]))
    assert np.isnan(half_width([3.0, np.nan]))


def test_intervals_cover_the_truth_nineteen_times_in_twenty():
    draws = np.random.default_rng(0).normal(loc=5.0, size=(4000, 6))
    covered = [abs(row.mean() - 5.0) <= half_width(row) for row in draws]
    # four standard errors of a share of 0.95 over 4000: 0.0138
    assert np.mean(covered) == pytest.approx(0.95, abs=0.0138)
