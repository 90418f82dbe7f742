"""What is worked out the short way is what the long way gives: lookups, sums, and who shares a token."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.advantages.statistics import level_out
from simulator.policies.sampling import BLOCK, MAX_BLOCKS, cumulative
from simulator.policies.tabular import Tabular
from simulator.probes.prefix import first_sayers
from simulator.surrogates.base import both_of
from simulator.types import add_at_tokens, at_tokens
from tests.probes.steps import sharers, step_of
from tests.surrogates import batches

pytestmark = pytest.mark.long

RNG = np.random.default_rng(3)


def test_a_lookup_and_its_transpose_are_those_of_two_indices():
    table, values = RNG.normal(size=(6, 5)), RNG.normal(size=batches.MASK.shape)
    rows, tokens = jnp.asarray(batches.ROWS), jnp.asarray(batches.TOKENS)
    found = at_tokens(jnp.asarray(table), rows, tokens)
    np.testing.assert_array_equal(found, table[batches.ROWS, batches.TOKENS])
    expected = np.zeros_like(table)
    np.add.at(expected, (batches.ROWS, batches.TOKENS), values)
    np.testing.assert_allclose(
        add_at_tokens(jnp.asarray(values), rows, tokens, jnp.asarray(table)), expected, rtol=0, atol=1e-15
    )


@pytest.mark.parametrize("vocab_size", [2, 8, BLOCK, BLOCK + 1, 3 * BLOCK, BLOCK * MAX_BLOCKS + 1])
def test_the_cumulative_distribution_is_the_running_sum(vocab_size):
    logits = RNG.normal(size=(7, vocab_size))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cumulative(jnp.asarray(logits)), np.cumsum(probabilities, axis=1), rtol=0, atol=1e-15)


@pytest.mark.parametrize("never", [1, BLOCK - 1, BLOCK, BLOCK + 3])
def test_a_token_of_probability_zero_adds_exactly_nothing(never):
    logits = RNG.normal(size=(50, 2 * BLOCK + 5))
    logits[:, never] = -np.inf
    found = np.asarray(cumulative(jnp.asarray(logits)))
    np.testing.assert_array_equal(found[:, never], found[:, never - 1])


def test_probabilities_and_their_logarithms_are_those_of_the_softmax():
    logits = jnp.asarray(30 * RNG.normal(size=(6, 5)))
    log_probs, probs = both_of(Tabular(), {"logits": logits}, batches.rollout())
    np.testing.assert_array_equal(log_probs, jax.nn.log_softmax(logits))
    np.testing.assert_allclose(probs, jax.nn.softmax(logits), rtol=1e-15)


def test_the_first_sayer_is_the_first_of_those_who_share_a_token():
    tokens = RNG.integers(2, size=(3, 7, 5))
    mask = np.arange(5) < RNG.integers(1, 6, size=(3, 7))[..., None]
    step = step_of(np.ones(tokens.shape), tokens=tokens, mask=mask)
    world = sim.environments.Bandit(rewards=np.zeros((3, 2)))
    found = np.asarray(jax.jit(lambda rollout: first_sayers(world, rollout))(step.rollout))
    shared = np.asarray(sharers(step.before))  # [P, i, j, T]
    np.testing.assert_array_equal(found[mask], np.argmax(shared, axis=2)[mask])
    assert len(np.unique(found[mask])) > 4  # or little was shared, or everything


def test_totals_that_differ_by_rounding_are_the_same():
    scores = jnp.asarray([[[0.1, -0.3, 0.2], [0.3, -0.1, -0.2], [0.2, 0.1, -0.3]]])
    total = jnp.sum(scores, axis=-1)
    assert np.ptp(total) > 0
    np.testing.assert_array_equal(level_out(total, scores), 0.0)
    other = scores.at[0, 0, 0].add(1e-9)
    np.testing.assert_array_equal(level_out(jnp.sum(other, axis=-1), other), jnp.sum(other, axis=-1))
