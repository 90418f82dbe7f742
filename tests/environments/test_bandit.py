"""The bandit: what the arms pay, exactly and on average."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.environments.bandit import Bandit

pytestmark = pytest.mark.usefixtures("strict_promotion")

ARMS = np.array([[0.1, 0.9, 0.5], [1.0, 0.0, 0.25]])
DRAWS = 20_000


def pull(bandit, arm, draws):
    """`draws` rewards of one arm, for each of the two prompts."""
    tokens = jnp.full((2, draws, 1), arm)
    return np.asarray(bandit.sample_rewards(jax.random.key(arm), tokens, jnp.ones(tokens.shape, dtype=bool)))


def test_fixed_arms_pay_exactly_their_reward_times_the_scale():
    for arm in range(3):
        paid = pull(Bandit(rewards=ARMS, reward_scale=-3.0), arm, draws=2)
        np.testing.assert_array_equal(paid, -3.0 * ARMS[:, [arm, arm]])


@pytest.mark.parametrize("arm", range(3))
def test_bernoulli_arms_pay_the_scale_as_often_as_their_probability_says(arm):
    paid = pull(Bandit(rewards=ARMS, distribution="bernoulli", reward_scale=2.0), arm, DRAWS)
    assert set(np.unique(paid)) <= {0.0, 2.0}
    chance = ARMS[:, arm]
    error = np.abs((paid / 2).mean(axis=1) - chance)
    assert np.all(error <= 4 * np.sqrt(chance * (1 - chance) / DRAWS))


@pytest.mark.parametrize("arm", range(3))
def test_gaussian_arms_have_their_mean_and_deviation(arm):
    paid = pull(Bandit(rewards=ARMS, distribution="gaussian", std=0.7, reward_scale=2.0), arm, DRAWS)
    assert np.all(np.abs(paid.mean(axis=1) - 2 * ARMS[:, arm]) < 4 * 1.4 / np.sqrt(DRAWS))
    assert np.all(np.abs(paid.std(axis=1) - 1.4) < 4 * 1.4 / np.sqrt(2 * DRAWS))


@pytest.mark.parametrize("distribution", ["fixed", "bernoulli", "gaussian"])
def test_the_expected_reward_is_the_mean_whatever_the_distribution(distribution):
    bandit = Bandit(rewards=ARMS, distribution=distribution, reward_scale=2.0)
    tokens = jnp.array([[[0], [1], [2]], [[2], [2], [0]]])
    expected = [[0.2, 1.8, 1.0], [0.5, 0.5, 2.0]]
    np.testing.assert_allclose(bandit.expected_rewards(tokens, tokens >= 0), expected, rtol=1e-15)


def test_every_arm_is_a_completion_of_one_token():
    bandit = Bandit(rewards=ARMS)
    assert bandit.completions().tolist() == [[0], [1], [2]]
    assert (bandit.num_prompts, bandit.vocab_size, bandit.max_length) == (2, 3, 1)
    assert (bandit.num_states, bandit.num_completions) == (2, 3)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"rewards": np.ones((2, 1))}, "two arms"),
        ({"rewards": np.array([[0.5, 1.5]]), "distribution": "bernoulli"}, "probability"),
        ({"rewards": np.array([[0.5, -0.5]]), "distribution": "bernoulli"}, "probability"),
    ],
)
def test_a_bandit_that_makes_no_sense_says_why(fields, word):
    ((key, sentence),) = Bandit(**fields).problems()
    assert key == "rewards" and word in sentence


def test_a_sound_bandit_has_no_problems():
    assert not list(Bandit(rewards=ARMS, distribution="bernoulli").problems())
