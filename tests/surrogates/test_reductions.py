"""Reductions: every token's weight against a loop over ragged completions."""

from typing import get_args

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.surrogates.reductions import ConstantLength, Reduction, SequenceMean, SequenceSum, TokenMean, TokenSum
from tests.surrogates.batches import LENGTHS, MASK

pytestmark = pytest.mark.usefixtures("strict_promotion")

# LENGTHS holds seven completions with tokens and one without: B = 7, Σ L = 19
CASES = {
    SequenceMean(): lambda length: 1 / (7 * length),
    TokenMean(): lambda length: 1 / 19,
    ConstantLength(): lambda length: 1 / (7 * 4),  # T = 4
    ConstantLength(length=10.0): lambda length: 1 / (7 * 10),
    SequenceSum(): lambda length: 1 / 7,
    TokenSum(): lambda length: 1,
    TokenSum(divisor=4.0): lambda length: 1 / 4,
}


def test_every_reduction_is_tested():
    assert {type(reduction) for reduction in CASES} == set(get_args(Reduction)[1].members.values())


@pytest.mark.parametrize("reduction", CASES, ids=repr)
def test_each_token_has_the_weight_of_the_formula(reduction):
    expected = np.zeros(MASK.shape)
    for p, group in enumerate(LENGTHS):
        for i, length in enumerate(group):
            for t in range(length):
                expected[p, i, t] = CASES[reduction](length)
    np.testing.assert_allclose(reduction(jnp.asarray(MASK)), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("reduction", "total"),
    [
        (SequenceMean(), 1.0),
        (TokenMean(), 1.0),
        (ConstantLength(), 19 / 28),  # the mean length over T
        (SequenceSum(), 19 / 7),  # the mean length
        (TokenSum(), 19.0),
        (TokenSum(divisor=4.0), 19 / 4),
    ],
    ids=repr,
)
def test_the_weights_sum_to_what_the_mean_is_over(reduction, total):
    np.testing.assert_allclose(jnp.sum(reduction(jnp.asarray(MASK))), total, rtol=1e-14)


@pytest.mark.parametrize("reduction", CASES, ids=repr)
def test_a_batch_without_tokens_weighs_nothing(reduction):
    np.testing.assert_array_equal(reduction(jnp.zeros((2, 3, 4), dtype=bool)), np.zeros((2, 3, 4)))


def test_a_batch_twice_as_large_makes_a_step_twice_as_large_by_the_token_sum_alone():
    twice = np.concatenate([MASK, MASK])
    for reduction in CASES:
        ratio = jnp.sum(reduction(jnp.asarray(twice))) / jnp.sum(reduction(jnp.asarray(MASK)))
        assert ratio == pytest.approx(2.0 if isinstance(reduction, TokenSum) else 1.0, rel=1e-14)


@pytest.mark.parametrize("reduction", CASES, ids=repr)
def test_own_length_says_whether_the_length_of_others_counts(reduction):
    longer = MASK.copy()
    longer[0, 1] = True  # from one token to four
    before, after = reduction(jnp.asarray(MASK)), reduction(jnp.asarray(longer))
    others = np.ones(MASK.shape, dtype=bool)
    others[0, 1] = False
    assert np.allclose(before[others], after[others], rtol=1e-14) == reduction.own_length
