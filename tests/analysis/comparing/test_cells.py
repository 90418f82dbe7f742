"""Numbers in cells: as many digits as the interval allows, signs and asymmetric intervals."""

import pandas as pd
import pytest

from analysis.comparing.cells import difference, excludes_zero, mean
from analysis.text import minus

NAN = float("nan")


def changed(value, low, high, mean=1.0):
    return pd.Series({"mean": mean, "difference": value, "difference_low": low, "difference_high": high})


def measured(value, low, high):
    return pd.Series({"mean": value, "low": low, "high": high})


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (changed(-0.224, -0.269, -0.179), "−0.224 ± 0.045"),
        (changed(0.224, 0.179, 0.269), "+0.224 ± 0.045"),
        (changed(-0.224, -0.264, -0.164), "−0.224 (−0.040 +0.060)"),
        (changed(1.0, 1.0, 1.0), "+1 ± 0"),
        (changed(0.0, 0.0, 0.0), "0 ± 0"),
        (changed(2.0, NAN, NAN), "+2"),
        (changed(-4.4e-16, -4.4e-16, -4.4e-16, mean=11.57), "0 ± 0"),
        (changed(-4.4e-16, -4.4e-16, -4.4e-16, mean=1e-15), "−4.4e-16 ± 0"),
        (changed(NAN, NAN, NAN), ""),
    ],
)
def test_a_difference_has_its_sign_and_both_halves_of_its_interval(row, text):
    assert difference(row) == text


def test_a_mean_has_its_interval():
    assert mean(measured(1.594, 1.549, 1.639)) == "1.594 ± 0.045"
    assert mean(measured(-0.04, -0.05, -0.03)) == "−0.040 ± 0.010"
    assert mean(measured(2.0, NAN, NAN)) == "2"
    assert mean(measured(NAN, NAN, NAN)) == "–"


def test_a_mean_that_is_only_rounding_is_zero_and_a_small_one_is_not():
    assert mean(measured(-6.9e-18, -2e-17, 8e-18)) == "0 ± 0"
    assert mean(measured(3.5e-16, 3.4e-16, 3.6e-16)) == "3.5e-16 ± 0"
    assert mean(measured(0.0, NAN, NAN)) == "0"


def test_exponents_keep_their_hyphen():
    assert minus("-1e-05") == "−1e-05"


def test_a_difference_tells_where_its_interval_leaves_zero_out():
    assert excludes_zero(changed(1.0, 0.1, 2.0)) and excludes_zero(changed(-1.0, -2.0, -0.1))
    assert not excludes_zero(changed(1.0, -0.1, 2.0)) and not excludes_zero(changed(1.0, NAN, NAN))
    assert not excludes_zero(changed(1e-16, 1e-16, 1e-16))
