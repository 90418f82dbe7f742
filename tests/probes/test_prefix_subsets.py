"""Tokens that some of a group share: their push, the part of it that unequal weights make, and what the clip leaves."""

import numpy as np
import pytest

from simulator.advantages import GroupMean
from simulator.probes.prefix import prefix
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Clip, Score
from simulator.surrogates.log_ratios import Sequence
from simulator.surrogates.reductions import SequenceMean, SequenceSum
from tests.probes.steps import in_minibatch, sharers, step_of

# Four completions: all begin with 1; two go on with 2 and two with 3; the last token is each one's own.
TOKENS = [[[1, 2, 4], [1, 2, 5], [1, 3, 6], [1, 3, 7]]]
LENGTHS = np.array([3, 2, 3, 1])  # what the mask leaves of them
MASK = (np.arange(3) < LENGTHS[:, None])[None]
ADVANTAGES = [[3.0, -1.0, -2.0, 0.0]]


def measured(ratios=1.0, advantages=ADVANTAGES, mask=MASK, tokens=TOKENS, **others):
    step = step_of(np.ones(np.shape(tokens)) * ratios, advantages, mask=mask, tokens=tokens, **others)
    return {name: float(value) for name, value in prefix(step).items()}


def test_sharers_say_the_same_up_to_the_token():
    step = step_of(np.ones((1, 4, 3)), tokens=TOKENS, mask=MASK)
    shared = np.asarray(sharers(step.before)).sum(axis=2)
    np.testing.assert_array_equal(shared, [[[4, 2, 1], [4, 2, 0], [4, 1, 1], [4, 0, 0]]])


def test_what_follows_with_certainty_is_not_shared():
    chosen = np.ones((1, 4, 3), dtype=bool)
    chosen[..., 0] = False
    step = step_of(np.ones((1, 4, 3)), tokens=TOKENS, mask=MASK, chosen=chosen)
    assert not np.any(np.asarray(sharers(step.before))[..., 0])


def test_the_weight_of_a_subset_is_the_sum_over_its_sharers():
    # the only token that some share is the 2 of completions 0 and 1: W = 3/(4·3) − 1/(4·2)
    assert measured()["prefix/subset_weight"] == pytest.approx(3 / 12 - 1 / 8, rel=1e-13)


def test_the_covariance_is_what_equal_weights_would_not_make():
    # weights 1/12 and 1/8, mean 5/48; Σ (ω − ω̄) A = (1/12 − 5/48) · 3 − (1/8 − 5/48) = −4/48
    found = measured()["prefix/subset_covariance"]
    assert found == pytest.approx(4 / 48, rel=1e-13)
    # and so Σ ω A = ω̄ Σ A + n Cov(ω, A): 3/12 − 1/8 = 10/48 − 4/48


def test_equal_weights_leave_a_subset_its_sum_and_no_covariance():
    surrogate = Surrogate(advantage=GroupMean(), level=Sequence(), gate=Clip(), reduction=SequenceSum())
    full = np.ones((1, 4, 3), dtype=bool)
    found = measured(mask=full, surrogate=surrogate)
    # at ratio 1 the sequence level leaves each of three tokens a push of A/4: tokens 2 and 3 have W = 2/4 and −2/4
    assert found["prefix/subset_weight"] == pytest.approx(0.5, rel=1e-13)
    assert found["prefix/subset_covariance"] == pytest.approx(0.0, abs=1e-16)


def test_a_token_counts_once_however_many_share_it():
    # three share the 2, two of those also the 5: |W| of the first is 2/9·… each mask full, weights 1/(3·3)
    tokens = [[[2, 5, 1], [2, 5, 3], [2, 6, 1], [7, 1, 1]]]
    found = measured(advantages=[[1.0, 2.0, 4.0, 0.0]], mask=np.ones((1, 4, 3), dtype=bool), tokens=tokens)
    assert found["prefix/subset_weight"] == pytest.approx((7 + 3) / 12 / 2, rel=1e-13)


def test_completions_that_do_not_take_part_share_nothing():
    step = step_of(np.ones((1, 4, 3)), ADVANTAGES, mask=MASK, tokens=TOKENS)
    found = prefix(in_minibatch(step, [[True, False, True, True]]))
    # the 2 is completion 0's own now; the 1 is shared by three of four: 3/(3·3) − 2/(3·3) + 0
    assert float(found["prefix/subset_weight"]) == pytest.approx(1 / 9, rel=1e-13)


def test_the_gradient_share_of_subsets_is_that_of_their_rows():
    step = step_of(np.ones((1, 4, 3)), ADVANTAGES, mask=MASK, tokens=TOKENS)
    # every token has a row of its own here: pushes A/(4 L), of the two tokens that are shared over all six
    pushes = np.repeat([3 / 12, -1 / 8, -2 / 12, 0.0], LENGTHS)
    expected = np.hypot(3 / 12, 1 / 8) / np.linalg.norm(pushes)
    assert float(prefix(step)["prefix/subset_grad_share"]) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("ratio", [1.5, 0.5])
def test_the_clip_leaves_mixed_sharers_a_push_back(ratio):
    ratios = np.ones((1, 4, 3))
    ratios[:, :2, 1] = ratio  # the token that completions 0 (A > 0) and 1 (A < 0) share
    assert measured(ratios)["prefix/restoring"] == 1.0


def test_without_a_clip_there_is_nothing_to_restore():
    surrogate = Surrogate(advantage=GroupMean(), level=Sequence(), gate=Score(), reduction=SequenceMean())
    assert "prefix/restoring" not in measured(surrogate=surrogate)


def test_inside_the_band_or_with_one_sign_nothing_is_to_be_restored():
    assert np.isnan(measured()["prefix/restoring"])
    ratios = np.ones((1, 4, 3))
    ratios[:, :2, 1] = 1.5
    assert np.isnan(measured(ratios, advantages=[[3.0, 1.0, -2.0, 0.0]])["prefix/restoring"])


def test_a_dual_bound_can_silence_those_who_would_push_back():
    ratios = np.ones((1, 4, 3))
    ratios[:, :2, 1] = 4.0
    surrogate = Surrogate(advantage=GroupMean(), level=step_of(ratios).surrogate.level, gate=Clip(dual=3.0),
                          reduction=SequenceMean())  # fmt: skip
    assert measured(ratios, surrogate=surrogate)["prefix/restoring"] == 0.0
