"""Ratio statistics of tokens whose ratios are chosen by hand."""

import numpy as np
import pytest

from simulator.probes.ratios import ratio
from tests.probes.steps import in_minibatch, step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")

RATIOS, MASK = [[[0.5, 2.0], [1.5, 9.0]]], [[[1, 1], [1, 0]]]


def test_the_statistics_are_over_the_tokens_that_were_said():
    found = ratio(step_of(RATIOS, mask=MASK))
    assert found == pytest.approx(
        {
            "ratio/mean": 4 / 3,
            "ratio/min": 0.5,
            "ratio/max": 2.0,
            "ratio/ess": 4**2 / (3 * (0.25 + 4 + 2.25)),  # (Σρ)² / (n Σρ²)
        },
        rel=1e-13,
    )


def test_they_are_over_the_whole_rollout_after_the_update():
    step = step_of(RATIOS, mask=MASK, before=np.ones((1, 2, 2)))
    assert float(ratio(in_minibatch(step, [[False, True]]))["ratio/min"]) == pytest.approx(0.5)


def test_equal_ratios_use_the_whole_sample():
    assert float(ratio(step_of(np.full((1, 2, 3), 1.7)))["ratio/ess"]) == pytest.approx(1.0, rel=1e-14)
