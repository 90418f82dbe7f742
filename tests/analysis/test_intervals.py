"""Intervals over seeds against tables of Student's t, and by coverage."""

import numpy as np
import pytest

from analysis.intervals import half_width, paired_interval, paired_intervals, widened


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


def share_covered(draw, truth, seeds, trials=3000):
    values = draw((seeds, trials))
    low, high = paired_intervals(values)
    return np.mean((low <= truth) & (truth <= high))


@pytest.mark.long
@pytest.mark.parametrize("seeds", [16, 24, 64])
@pytest.mark.parametrize("kind", ["normal", "skewed", "in threes"])
def test_intervals_of_paired_differences_cover_the_truth_in_92_to_98_of_100(kind, seeds):
    generator = np.random.default_rng(1)
    draws = {
        "normal": (lambda size: generator.normal(2.0, size=size) - generator.normal(size=size), 2.0),
        "skewed": (lambda size: generator.exponential(size=size), 1.0),
        "in threes": (lambda size: generator.choice([-1.0, 0.0, 1.0], size=size, p=[0.1, 0.6, 0.3]), 0.2),
    }
    draw, truth = draws[kind]
    assert 0.92 <= share_covered(draw, truth, seeds) <= 0.98


def test_the_bootstrap_follows_a_skewed_distribution_where_students_t_does_not():
    sample = np.random.default_rng(2).exponential(size=40)
    low, high = paired_interval(sample)
    assert high - sample.mean() > 1.15 * (sample.mean() - low)  # the long tail is above


def test_the_same_differences_have_the_same_interval_every_time_whatever_is_beside_them():
    values = np.random.default_rng(3).normal(size=(20, 300))
    together = paired_intervals(values)
    alone = [paired_interval(column) for column in values.T[:5]]
    assert np.allclose(np.transpose(together)[:5], alone, rtol=1e-12)


def test_few_seeds_and_equal_differences_have_students_interval():
    assert paired_interval([0.5, 0.7]) == pytest.approx((0.6 - 1.27062, 0.6 + 1.27062), rel=1e-5)
    assert paired_interval([0.5] * 20) == (0.5, 0.5)
    assert np.isnan(paired_interval([0.5])).all()


def test_intervals_that_hold_together_are_wider():
    # t(15, 1 − 0.025/30) = 3.8 over t(15, 0.975) = 2.1314; one alone is as it is
    from scipy.stats import t

    assert widened(np.array([16]), 1) == pytest.approx([1.0])
    assert widened(np.array([16]), 30) == pytest.approx([t.ppf(1 - 0.025 / 30, 15) / t.ppf(0.975, 15)])


def test_a_rare_outlier_does_not_make_an_interval_without_bounds():
    sample = [0.33] * 7 + [0.331] * 7 + [-0.415] * 2
    low, high = paired_interval(sample)
    mean, student = np.mean(sample), half_width(sample)
    assert mean - 3 * student - 1e-12 <= low < mean < high <= mean + 3 * student + 1e-12
