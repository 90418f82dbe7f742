"""Levels: the sequence ratio against a loop over ragged completions."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.surrogates.log_ratios import Sequence, Token
from tests.surrogates.batches import LENGTHS, MASK

pytestmark = pytest.mark.usefixtures("strict_promotion")

ADVANTAGES = jnp.ones((*LENGTHS.shape, 1))
VALUES = np.random.default_rng(1).normal(size=MASK.shape)


def test_the_token_level_leaves_every_token_its_own_ratio():
    np.testing.assert_array_equal(Token()(jnp.asarray(VALUES), jnp.asarray(MASK), ADVANTAGES), VALUES)


def test_the_sequence_level_is_the_mean_over_the_completions_tokens():
    expected = np.zeros_like(VALUES)
    for p, group in enumerate(LENGTHS):
        for i, length in enumerate(group):
            expected[p, i, :length] = sum(VALUES[p, i, t] for t in range(length)) / max(length, 1)
    np.testing.assert_allclose(Sequence()(jnp.asarray(VALUES), jnp.asarray(MASK), ADVANTAGES), expected, rtol=1e-13)
