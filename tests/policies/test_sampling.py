"""Inverse-CDF draws against NumPy's binary search on the same distribution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.policies.sampling import COUNTING_LIMIT, cumulative, draw

pytestmark = pytest.mark.usefixtures("strict_promotion")

SIZES = [2, 8, COUNTING_LIMIT, COUNTING_LIMIT + 1, 100]  # counting, and binary search above the limit
ALMOST_ONE = np.nextafter(1.0, 0.0)


def random_logits(vocab_size, rows=5, impossible=()):
    logits = np.random.default_rng(vocab_size).normal(scale=3.0, size=(rows, vocab_size))
    logits[:, list(impossible)] = -np.inf
    return logits


def searched(cdf, rows, uniforms):
    """The same draws by np.searchsorted, one at a time."""
    tokens = [np.searchsorted(cdf[row, :-1], u, side="right") for row, u in zip(rows.flat, uniforms.flat, strict=True)]
    return np.reshape(tokens, rows.shape)


def drawn(cdf, rows, uniforms):
    return np.asarray(draw(jnp.asarray(cdf), jnp.asarray(rows), jnp.asarray(uniforms)))


def many(cdf, rng):
    """Rows and uniforms that go through the whole distribution, its edges included, for every row."""
    edges = np.concatenate([[0.0, ALMOST_ONE], *(cdf[:, :-1] + shift for shift in (0.0, 1e-16, -1e-16))], axis=None)
    inside = edges[(edges >= 0) & (edges < 1)]
    uniforms = np.concatenate([inside, rng.uniform(size=200)])
    return np.meshgrid(np.arange(len(cdf)), uniforms, indexing="ij")


@pytest.mark.parametrize("vocab_size", SIZES)
def test_the_cumulative_distribution_is_the_running_sum_of_the_softmax(vocab_size):
    logits = random_logits(vocab_size)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cumulative(jnp.asarray(logits)), np.cumsum(probabilities, axis=1), rtol=1e-13)


@pytest.mark.parametrize("vocab_size", SIZES)
def test_a_draw_is_what_a_binary_search_finds(vocab_size):
    cdf = np.asarray(cumulative(jnp.asarray(random_logits(vocab_size))))
    rows, uniforms = many(cdf, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn(cdf, rows, uniforms), searched(cdf, rows, uniforms))


@pytest.mark.parametrize("vocab_size", SIZES)
@pytest.mark.parametrize("place", ["first", "last", "middle", "all but one"])
def test_a_token_of_probability_zero_is_never_drawn(vocab_size, place):
    half = vocab_size // 2
    impossible = {
        "first": [0],
        "last": [vocab_size - 1],
        "middle": range(1, max(half, 2)),
        "all but one": [token for token in range(vocab_size) if token != half],
    }[place]
    # forty rows, because it takes one whose running sum is rounded to less than 1
    cdf = np.asarray(cumulative(jnp.asarray(random_logits(vocab_size, rows=40, impossible=impossible))))
    uniforms = np.array([0.0, 0.25, 0.5, 0.75, 1 - 2**-52, ALMOST_ONE])
    rows, uniforms = np.meshgrid(np.arange(40), uniforms, indexing="ij")
    assert not np.isin(drawn(cdf, rows, uniforms), list(impossible)).any()


@pytest.mark.parametrize("vocab_size", SIZES)
def test_the_ends_of_the_unit_interval_draw_the_first_and_the_last_token(vocab_size):
    cdf = np.asarray(cumulative(jnp.zeros((1, vocab_size))))
    assert drawn(cdf, np.array([[0, 0]]), np.array([[0.0, ALMOST_ONE]])).tolist() == [[0, vocab_size - 1]]


@pytest.mark.parametrize("vocab_size", [8, 100])
def test_tokens_come_as_often_as_their_probabilities_say(vocab_size):
    count, logits = 40_000, random_logits(vocab_size, rows=1) / 3
    probabilities = np.exp(logits[0]) / np.exp(logits[0]).sum()
    uniforms = jax.random.uniform(jax.random.key(0), (1, count))
    tokens = draw(cumulative(jnp.asarray(logits)), jnp.zeros((1, count), dtype=int), uniforms)
    frequencies = np.bincount(np.asarray(tokens)[0], minlength=vocab_size) / count
    deviations = np.sqrt(probabilities * (1 - probabilities) / count)
    assert np.all(np.abs(frequencies - probabilities) < 4 * deviations)
