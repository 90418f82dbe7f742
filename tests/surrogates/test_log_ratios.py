"""Levels: the completions' ratios against loops over ragged completions, and where the gradient ends."""

from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.surrogates.log_ratios import ClippedSequence, Level, Sequence, Token, WholeSequence
from tests.surrogates.batches import LENGTHS, MASK

pytestmark = pytest.mark.usefixtures("strict_promotion")

LEVELS = [Token(), Token(bound=0.5), Sequence(), Sequence(most=0.3), WholeSequence(), WholeSequence(bound=0.5)]
LEVELS += [ClippedSequence(clip_low=0.3, clip_high=0.6)]
SIGNS = np.array([[1.0, -1.0, 0.0, 2.0], [-2.0, 1.0, 1.0, -1.0]])  # of two groups' advantages
VALUES = np.where(MASK, np.random.default_rng(3).normal(size=MASK.shape), 0.0)  # on both sides of every bound


def levelled(level, values=VALUES):
    return level(jnp.asarray(values), jnp.asarray(MASK), jnp.asarray(SIGNS)[..., None])


def slopes(level):
    """∂ Σ_t (log-ratio that the gate sees) / ∂ (the token's own)."""
    return jax.grad(lambda values: jnp.sum(levelled(level, values)))(jnp.asarray(VALUES))


def looped(each):
    """`each(tokens, sign)`, for every completion that has tokens, at each of them."""
    expected = np.zeros_like(VALUES)
    for p, group in enumerate(LENGTHS):
        for i, length in enumerate(group):
            if length:
                expected[p, i, :length] = each(VALUES[p, i, :length], SIGNS[p, i])
    return expected


def test_every_level_is_tested():
    assert {type(level) for level in LEVELS} == set(get_args(Level)[1].members.values())


def test_the_token_level_leaves_every_token_its_own_ratio():
    np.testing.assert_array_equal(levelled(Token()), VALUES)


def test_the_sequence_level_is_the_mean_over_the_completions_tokens():
    expected = looped(lambda tokens, sign: sum(tokens) / len(tokens))
    np.testing.assert_allclose(levelled(Sequence()), expected, rtol=1e-13)


def test_the_whole_sequence_level_is_the_sum_over_the_completions_tokens():
    np.testing.assert_allclose(levelled(WholeSequence()), looped(lambda tokens, sign: sum(tokens)), rtol=1e-13)


def clip(token, sign, low, high):
    if sign > 0:
        return min(token, high)
    return max(token, -low) if sign < 0 else token


def test_the_clipped_level_is_the_mean_of_what_is_clipped_on_the_side_of_the_advantage():
    expected = looped(lambda tokens, sign: sum(clip(token, sign, 0.3, 0.6) for token in tokens) / len(tokens))
    np.testing.assert_allclose(levelled(ClippedSequence(clip_low=0.3, clip_high=0.6)), expected, rtol=1e-13)


def test_a_token_that_is_clipped_has_no_gradient_and_the_others_share_theirs():
    level = ClippedSequence(clip_low=0.3, clip_high=0.6)
    expected = looped(lambda tokens, sign: [float(clip(token, sign, 0.3, 0.6) == token) for token in tokens])
    assert 0 < np.sum(expected) < MASK.sum()
    np.testing.assert_allclose(slopes(level), expected, rtol=1e-13)  # L tokens, each with 1/L of it
    low, high, dual = level.clipped(jnp.asarray(VALUES), jnp.asarray(VALUES), jnp.asarray(SIGNS)[..., None])
    np.testing.assert_array_equal((low | high) & MASK, (expected == 0) & MASK)
    assert np.any(low) and np.any(high) and not np.any(low & high) and not np.any(dual)


def test_the_band_of_the_clipped_level_is_in_ratios_though_its_widths_are_in_logarithms():
    low, high = ClippedSequence(clip_low=0.4, clip_high=0.5).band(jnp.asarray(SIGNS)[..., None])
    np.testing.assert_allclose([low, high], [0.670320, 1.648721], rtol=1e-6)


def test_the_clipped_level_of_wide_bounds_is_the_sequence_level():
    found = levelled(ClippedSequence(clip_low=100.0, clip_high=100.0))
    np.testing.assert_allclose(found, levelled(Sequence()), rtol=1e-14)


# Bounds


@pytest.mark.parametrize(("bound", "factor"), [(0.5, 1.0), (20.0, 30.0)])
def test_a_token_beyond_the_bound_stays_there_without_a_gradient(bound, factor):
    values, advantages = jnp.array([[[-1.1, -0.9, 0.9, 1.1]]]) * bound, jnp.ones((1, 1, 1))
    held, through = jax.vjp(lambda values: Token(bound=bound)(values, jnp.ones((1, 1, 4), bool), advantages), values)
    np.testing.assert_allclose(held[0, 0], np.array([-1.0, -0.9, 0.9, 1.0]) * bound, rtol=1e-14)
    np.testing.assert_array_equal(through(jnp.full((1, 1, 4), factor))[0][0, 0], [0.0, factor, factor, 0.0])


def test_the_bound_of_the_whole_sequence_is_on_each_token():
    level, mask, advantages = WholeSequence(bound=0.5), jnp.ones((1, 1, 4), bool), jnp.ones((1, 1, 1))
    held, through = jax.vjp(lambda values: level(values, mask, advantages), jnp.array([[[0.7, 0.4, -0.2, -3.0]]]))
    np.testing.assert_allclose(held, np.full((1, 1, 4), 0.5 + 0.4 - 0.2 - 0.5), rtol=1e-13)
    np.testing.assert_allclose(
        through(jnp.array([[[1.0, 2.0, 3.0, 4.0]]]))[0][0, 0], [0.0, 10.0, 10.0, 0.0], rtol=1e-13
    )


def test_a_completion_beyond_the_most_of_the_sequence_level_stays_there_without_a_gradient():
    level, advantages = Sequence(most=10.0), jnp.ones((1, 3, 1))
    mask = jnp.array([[[True, True, True], [True, True, False], [True, True, True]]])
    values = jnp.array([[[30.0, 6.0, -3.0], [30.0, -9.0, 0.0], [-90.0, 0.0, 0.0]]])  # means 11, 10.5 and −30
    held, through = jax.vjp(lambda values: level(values, mask, advantages), values)
    np.testing.assert_allclose(held[0, :, 0], [10.0, 10.0, -30.0], rtol=1e-14)
    np.testing.assert_allclose(through(jnp.ones((1, 3, 3)))[0][0], [[0, 0, 0], [0, 0, 0], [1, 1, 1]], rtol=1e-14)


@pytest.mark.parametrize("level", LEVELS, ids=repr)
def test_a_level_is_nothing_outside_the_mask(level):
    found = np.asarray(levelled(level, np.where(MASK, VALUES, 0.0)))
    np.testing.assert_array_equal(found[~MASK], np.zeros(np.sum(~MASK)))
