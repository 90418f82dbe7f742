"""Levels: the sequence ratio against a loop over ragged completions, the pullback against jax's own transpose."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.surrogates.log_ratios import Sequence, Token
from tests.surrogates.batches import LENGTHS, MASK

pytestmark = pytest.mark.usefixtures("strict_promotion")

VALUES = np.random.default_rng(1).normal(size=MASK.shape)


def test_the_token_level_leaves_every_token_its_own_ratio():
    np.testing.assert_array_equal(Token()(jnp.asarray(VALUES), jnp.asarray(MASK)), VALUES)


def test_the_sequence_level_is_the_mean_over_the_completions_tokens():
    expected = np.zeros_like(VALUES)
    for p, group in enumerate(LENGTHS):
        for i, length in enumerate(group):
            expected[p, i, :length] = sum(VALUES[p, i, t] for t in range(length)) / max(length, 1)
    np.testing.assert_allclose(Sequence()(jnp.asarray(VALUES), jnp.asarray(MASK)), expected, rtol=1e-13)


@pytest.mark.parametrize("level", [Token(), Sequence()], ids=repr)
def test_the_pullback_is_the_transpose(level):
    mask, push = jnp.asarray(MASK), jnp.asarray(np.random.default_rng(2).normal(size=MASK.shape))
    _, transpose = jax.vjp(lambda values: level(values, mask), jnp.asarray(VALUES))
    np.testing.assert_allclose(level.pullback(push, mask), transpose(push)[0], rtol=1e-13)
