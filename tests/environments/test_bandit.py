"""The bandit: what the arms pay, exactly and on average."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.environments.bandit import Bandit

pytestmark = pytest.mark.usefixtures("strict_promotion")

ARMS = np.array([[0.1, 0.9, 0.5], [1.0, 0.0, 0.25]])
DRAWS = 20_000
NOW = jnp.asarray(0)


def pull(bandit, arm, draws):
    """`draws` rewards of one arm, for each of the two prompts."""
    tokens = jnp.full((2, draws, 1), arm)
    return np.asarray(bandit.sample_rewards(jax.random.key(arm), tokens, tokens >= 0, NOW))[..., 0]


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
    np.testing.assert_allclose(bandit.expected_rewards(tokens, tokens >= 0, NOW)[..., 0], expected, rtol=1e-15)


EVERY_ARM = jnp.array([[[0], [1], [2]], [[0], [1], [2]]])


def test_a_fixed_arm_can_pay_one_thing_and_a_bernoulli_arm_two():
    # what an arm can pay, and how often: scale 2, so 2 with the arm's probability and else 0
    fixed = Bandit(rewards=ARMS, reward_scale=2.0)
    values, chances = fixed.reward_outcomes(EVERY_ARM, EVERY_ARM >= 0, NOW)
    assert fixed.num_outcomes == 1
    np.testing.assert_array_equal(values[:, :, 0, 0], 2.0 * ARMS)
    np.testing.assert_array_equal(chances, np.ones((2, 3, 1)))
    bernoulli = Bandit(rewards=ARMS, distribution="bernoulli", reward_scale=2.0)
    values, chances = bernoulli.reward_outcomes(EVERY_ARM, EVERY_ARM >= 0, NOW)
    assert bernoulli.num_outcomes == 2
    np.testing.assert_array_equal(values[..., 0], np.broadcast_to([2.0, 0.0], (2, 3, 2)))
    np.testing.assert_allclose(chances, np.stack([ARMS, 1 - ARMS], axis=-1), rtol=1e-15)


def test_what_a_gaussian_arm_can_pay_cannot_be_listed():
    bandit = Bandit(rewards=ARMS, distribution="gaussian")
    assert bandit.num_outcomes is None
    assert bandit.reward_outcomes(EVERY_ARM, EVERY_ARM >= 0, NOW) is None


@pytest.mark.parametrize("scale", [1e12, 1e-12, 0.0])
def test_an_arm_pays_its_reward_times_the_scale_whatever_its_size(scale):
    paid = Bandit(rewards=ARMS, reward_scale=scale).expected_rewards(EVERY_ARM, EVERY_ARM >= 0, NOW)
    np.testing.assert_allclose(paid[..., 0] / (scale or 1.0), ARMS if scale else np.zeros((2, 3)), rtol=1e-15)


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
