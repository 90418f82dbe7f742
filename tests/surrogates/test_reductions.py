"""Reductions: every token's weight against a loop over ragged completions."""

from typing import get_args

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.surrogates.reductions import ConstantLength, Reduction, SequenceMean, SequenceSum, TokenMean
from tests.surrogates.batches import LENGTHS, MASK

pytestmark = pytest.mark.usefixtures("strict_promotion")

# LENGTHS holds seven completions with tokens and one without: B = 7, Σ L = 19
CASES = {
    SequenceMean(): lambda length: 1 / (7 * length),
    TokenMean(): lambda length: 1 / 19,
    ConstantLength(): lambda length: 1 / (7 * 4),  # T = 4
    ConstantLength(length=10.0): lambda length: 1 / (7 * 10),
    SequenceSum(): lambda length: 1 / 7,
}


def test_every_reduction_is_tested():
    assert {type(reduction) for reduction in CASES} == set(get_args(get_args(Reduction)[0]))


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
    ],
    ids=repr,
)
def test_the_weights_sum_to_what_the_mean_is_over(reduction, total):
    np.testing.assert_allclose(jnp.sum(reduction(jnp.asarray(MASK))), total, rtol=1e-14)


@pytest.mark.parametrize("reduction", CASES, ids=repr)
def test_a_batch_without_tokens_weighs_nothing(reduction):
    np.testing.assert_array_equal(reduction(jnp.zeros((2, 3, 4), dtype=bool)), np.zeros((2, 3, 4)))
