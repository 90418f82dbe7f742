"""Clip shares and excess on three completions whose ratios are chosen by hand."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.probes.clipping import clip, drift
from simulator.surrogates.gates import Clip, Score, TruncatedWeight
from simulator.surrogates.log_ratios import Sequence
from tests.probes.steps import SURROGATE, in_minibatch, step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")

DUAL = replace(SURROGATE, gate=Clip(clip_low=0.2, clip_high=0.2, dual=3.0))
ADVANTAGES = [[1.0, -1.0, -1.0]]
RATIOS = [
    [
        [1.3, 1.0, 0.7],  # A > 0: cut from above, inside, outside but pushed back
        [0.7, 1.3, 3.5],  # A < 0: cut from below, outside but pushed back, above the dual bound
        [1.1, 0.75, 0.1],  # A < 0: inside, cut from below, no token at all
    ]
]
MASK = [[[1, 1, 1], [1, 1, 1], [1, 1, 0]]]


def test_the_shares_count_tokens_by_sign_and_side():
    found = clip(step_of(np.ones((1, 3, 3)), ADVANTAGES, MASK, DUAL, before=RATIOS))
    expected = {
        "clip/active": 4 / 8,
        "clip/active_low": 2 / 8,
        "clip/active_high": 1 / 8,
        "clip/dual": 1 / 8,
        "clip/outside": 6 / 8,
    }
    assert found == pytest.approx(expected, rel=1e-14)


def test_the_clip_is_counted_where_the_gradient_was_taken():
    # before the update nothing was clipped, wherever the update went
    found = clip(step_of(RATIOS, ADVANTAGES, MASK, DUAL, before=np.ones((1, 3, 3))))
    assert set(map(float, found.values())) == {0.0}


def test_only_the_minibatch_is_counted():
    step = step_of(np.ones((1, 3, 3)), ADVANTAGES, MASK, DUAL, before=RATIOS)
    found = clip(in_minibatch(step, [[True, False, False]]))
    assert float(found["clip/active_high"]) == pytest.approx(1 / 3)
    assert float(found["clip/active_low"]) == 0


def test_without_a_dual_bound_there_is_no_share_of_it():
    found = clip(step_of(RATIOS, ADVANTAGES, MASK))
    assert "clip/dual" not in found
    assert float(found["clip/active"]) == pytest.approx(3 / 8)  # the token above 3 is pushed down


@pytest.mark.parametrize("gate", [TruncatedWeight(), Score()], ids=repr)
@pytest.mark.parametrize("probe", [clip, drift])
def test_gates_that_silence_nothing_have_no_clip_metrics(gate, probe):
    assert probe(step_of(RATIOS, ADVANTAGES, MASK, replace(SURROGATE, gate=gate))) == {}


def test_the_excess_is_measured_beyond_the_bound_that_the_advantage_pushes_towards():
    found = drift(step_of(RATIOS, ADVANTAGES, MASK))
    excess = [np.log(1.3 / 1.2), np.log(0.8 / 0.7), np.log(0.8 / 0.75)]  # the other five tokens have none
    assert float(found["drift/excess_mean"]) == pytest.approx(sum(excess) / 8, rel=1e-12)
    assert float(found["drift/excess_max"]) == pytest.approx(np.log(0.8 / 0.7), rel=1e-12)


def test_the_excess_is_measured_after_the_update():
    found = drift(step_of(np.ones((1, 3, 3)), ADVANTAGES, MASK, before=RATIOS))
    assert (float(found["drift/excess_mean"]), float(found["drift/excess_max"])) == (0.0, 0.0)


def test_at_the_sequence_level_the_whole_completion_is_beyond_the_bound_or_not():
    sequence = replace(SURROGATE, level=Sequence(), gate=Clip(clip_low=0.1, clip_high=0.1))
    ratios = [[[np.exp(0.3), np.exp(0.1)], [np.exp(0.3), np.exp(-0.3)]]]  # mean log-ratios 0.2 and 0
    found = drift(step_of(ratios, [[1.0, 1.0]], surrogate=sequence))
    excess = 0.2 - np.log(1.1)
    assert float(found["drift/excess_mean"]) == pytest.approx(excess / 2, rel=1e-12)
    assert float(found["drift/excess_max"]) == pytest.approx(excess, rel=1e-12)
    assert float(clip(step_of(ratios, [[1.0, 1.0]], surrogate=sequence))["clip/active"]) == 0.5


def test_a_share_of_no_tokens_is_undefined():
    found = clip(step_of(RATIOS, ADVANTAGES, np.zeros((1, 3, 3))))
    assert all(np.isnan(value) for value in found.values())
