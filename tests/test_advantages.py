"""Advantages against the numbers that the papers and their critics print, and against plain NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.advantages import BatchZScore, GroupMean, GroupZScore, LeaveOneOut, PerSource, Reward

pytestmark = pytest.mark.usefixtures("strict_promotion")

# Seven rollouts, three of them bad and three good; the second task pays five times as much.
SMALL = [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0]
LARGE = [-5.0, -5.0, -5.0, 0.0, 5.0, 5.0, 5.0]
RANDOM = np.random.default_rng(0).normal(size=(3, 5))

WITH_A_DEVIATION = [GroupZScore(ddof=ddof, eps=eps) for ddof in (0, 1) for eps in (0.0, 1e-6)]
WITH_A_DEVIATION += [BatchZScore(ddof=ddof, eps=eps) for ddof in (0, 1) for eps in (0.0, 1e-6)]
EVERY_BASELINE = [GroupMean(), LeaveOneOut(), *WITH_A_DEVIATION]


def test_the_reward_is_its_own_advantage_without_a_baseline():
    np.testing.assert_array_equal(Reward()(jnp.asarray(RANDOM)), RANDOM)


@pytest.mark.parametrize(
    ("ddof", "unit"),
    [
        (0, 1.0801),  # σ = √(6/7) = 0.92582, 1/σ = √(7/6) = 1.0801
        (1, 1.0000),  # σ = √(6/6) = 1
    ],
)
def test_the_z_score_does_not_see_a_reward_five_times_as_large(ddof, unit):
    advantages = GroupZScore(ddof=ddof, eps=0.0)(jnp.array([SMALL, LARGE]))
    np.testing.assert_allclose(advantages, unit * np.array([SMALL, SMALL]), atol=5e-5)
    np.testing.assert_allclose(advantages[0], advantages[1], rtol=1e-14)


def test_the_group_mean_keeps_a_reward_five_times_as_large():
    advantages = GroupMean()(jnp.array([SMALL, LARGE]))
    np.testing.assert_allclose(advantages, [SMALL, LARGE], atol=1e-15)  # both groups have mean 0


def test_leave_one_out_compares_with_the_mean_of_the_others():
    expected = np.zeros_like(RANDOM)
    for prompt, group in enumerate(RANDOM):
        for i, reward in enumerate(group):
            expected[prompt, i] = reward - np.mean(np.delete(group, i))
    np.testing.assert_allclose(LeaveOneOut()(jnp.asarray(RANDOM)), expected, rtol=1e-13)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("eps", [0.0, 1e-6, 0.5])
def test_the_group_z_score_divides_by_each_groups_deviation(ddof, eps):
    centred = RANDOM - RANDOM.mean(axis=1, keepdims=True)
    expected = centred / (RANDOM.std(axis=1, ddof=ddof, keepdims=True) + eps)
    np.testing.assert_allclose(GroupZScore(ddof=ddof, eps=eps)(jnp.asarray(RANDOM)), expected, rtol=1e-12)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("eps", [0.0, 1e-6, 0.5])
def test_the_batch_z_score_divides_by_the_deviation_of_all_rewards(ddof, eps):
    centred = RANDOM - RANDOM.mean(axis=1, keepdims=True)
    expected = centred / (RANDOM.std(ddof=ddof) + eps)
    np.testing.assert_allclose(BatchZScore(ddof=ddof, eps=eps)(jnp.asarray(RANDOM)), expected, rtol=1e-12)


def test_the_batch_z_score_keeps_the_relative_size_of_two_tasks():
    small, large = BatchZScore()(jnp.array([SMALL, LARGE]))
    np.testing.assert_allclose(large, 5 * small, rtol=1e-12)


@pytest.mark.parametrize("advantage", EVERY_BASELINE, ids=repr)
@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1, -0.7])
@pytest.mark.parametrize("group_size", [2, 6, 7, 8])
def test_a_group_without_deviation_gets_zero_advantage(advantage, reward, group_size):
    # 0.1 and 0.7 are no binary fractions: the mean of equal rewards can differ from them in the last bit, and a
    # z-score without a floor would turn that bit into an advantage of one
    equal = jnp.full((2, group_size), reward)
    np.testing.assert_array_equal(advantage(equal), np.zeros((2, group_size)))


@pytest.mark.parametrize("advantage", EVERY_BASELINE, ids=repr)
def test_one_group_without_deviation_leaves_the_others_alone(advantage):
    silent, speaking = advantage(jnp.array([[0.1] * 7, SMALL]))
    np.testing.assert_array_equal(silent, np.zeros(7))
    assert np.all(np.sign(speaking) == np.sign(SMALL))


@pytest.mark.parametrize("advantage", EVERY_BASELINE, ids=repr)
def test_advantages_of_a_group_sum_to_zero(advantage):
    np.testing.assert_allclose(advantage(jnp.asarray(RANDOM)).sum(axis=1), 0.0, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("eps", [0.0, 1e-6, 1e-4, 1.0])
def test_the_floor_sets_how_much_of_the_reward_scale_is_left(scale, eps):
    # A = φ (R − R̄) / (φ σ + eps), so d ln A / d ln φ = eps / (φ σ + eps)
    rewards, deviation = jnp.array([[0.0, 1.0, 3.0]]), np.std([0.0, 1.0, 3.0], ddof=1)
    advantage = GroupZScore(ddof=1, eps=eps)
    elasticity = jax.grad(lambda log_scale: jnp.log(advantage(jnp.exp(log_scale) * rewards)[0, 2]))(np.log(scale))
    np.testing.assert_allclose(elasticity, eps / (scale * deviation + eps), atol=1e-13)


# What one reward says of its own advantage, on average over the rest of the group


@pytest.mark.parametrize("advantage", [Reward(), GroupMean(), LeaveOneOut()], ids=repr)
@pytest.mark.parametrize("group_size", [2, 3])
def test_the_advantage_given_a_reward_is_the_mean_over_all_groups_with_it(advantage, group_size):
    values, chances = np.array([-1.0, 0.25, 2.0]), np.array([0.5, 0.2, 0.3])
    for first, value in enumerate(values):
        expected = 0.0
        for others in itertools.product(range(3), repeat=group_size - 1):
            group = values[[first, *others]]
            expected += np.prod(chances[list(others)]) * advantage(jnp.asarray(group[None]))[0, 0]
        found = advantage.given_reward(jnp.asarray(value), jnp.asarray(values @ chances), group_size)
        np.testing.assert_allclose(found, expected, rtol=1e-14)


# Several sources

SOURCES = np.stack([RANDOM, 1000 * np.random.default_rng(1).normal(size=(3, 5)) + 7], axis=-1)


def per_source(eps=1e-6, **given):
    """The advantage of completions that are all as long."""
    advantage = PerSource(eps=eps, whiten_eps=eps, **given)
    return lambda sources: advantage(sources, jnp.ones(sources.shape[:2]))


def gdpo(sources, weights, eps, ddof=1):
    """TRL's `normalize_then_sum`, group by group: z-scores of each reward function, weighed and added up, then the
    z-score of all sums of the batch."""
    total = np.zeros(sources.shape[:2])
    for prompt, group in enumerate(sources):
        for source, weight in enumerate(weights):
            reward = group[:, source]
            total[prompt] += weight * (reward - reward.mean()) / (reward.std(ddof=ddof) + eps)
    return (total - total.mean()) / (total.std(ddof=ddof) + eps), total


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("eps", [0.0, 1e-4, 0.5])
@pytest.mark.parametrize("weights", [None, [1.0, 0.25], [0.0, -2.0]])
def test_per_source_is_written_out(weights, eps, ddof):
    whitened, total = gdpo(SOURCES, [1.0, 1.0] if weights is None else weights, eps, ddof)
    given = {"weights": None if weights is None else np.array(weights), "eps": eps, "ddof": ddof}
    np.testing.assert_allclose(per_source(**given)(jnp.asarray(SOURCES)), whitened, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(
        per_source(**given, whiten="nothing")(jnp.asarray(SOURCES)), total, rtol=1e-11, atol=1e-13
    )


@pytest.mark.parametrize("whiten", ["completions", "nothing"])
def test_sources_on_different_scales_count_the_same(whiten):
    advantage = per_source(eps=0.0, whiten=whiten)
    same = advantage(jnp.asarray(SOURCES * [1.0, 1e-3] + [0.0, 5.0]))
    np.testing.assert_allclose(advantage(jnp.asarray(SOURCES)), same, rtol=1e-10)
    np.testing.assert_allclose(advantage(jnp.asarray(SOURCES[..., ::-1])), same, rtol=1e-10)
    # added up first, the second source would be all that is heard
    alone = GroupZScore()(jnp.asarray(SOURCES[..., 1]))
    np.testing.assert_allclose(GroupZScore()(jnp.asarray(SOURCES.sum(axis=-1))), alone, atol=0.01)
    assert np.max(np.abs(same - alone)) > 0.5


def test_one_source_without_whitening_is_the_group_z_score():
    found = per_source(whiten="nothing")(jnp.asarray(RANDOM[..., None]))
    np.testing.assert_array_equal(found, GroupZScore()(jnp.asarray(RANDOM)))


def test_whitening_gives_the_batch_mean_zero_and_deviation_one():
    found = per_source(eps=0.0)(jnp.asarray(SOURCES))
    np.testing.assert_allclose([np.mean(found), np.std(found, ddof=1)], [0.0, 1.0], atol=1e-15)


@pytest.mark.parametrize("eps", [0.0, 1e-4])
@pytest.mark.parametrize("whiten", ["completions", "nothing"])
@pytest.mark.parametrize("rewards", [(0.1, 0.7), (1.0, 1e6 + 0.1)])
@pytest.mark.parametrize("group_size", [2, 7])
def test_sources_that_are_equal_within_each_group_give_exactly_zero(rewards, group_size, whiten, eps):
    equal = jnp.broadcast_to(jnp.array(rewards), (3, group_size, 2))
    np.testing.assert_array_equal(per_source(eps=eps, whiten=whiten)(equal), np.zeros((3, group_size)))


def test_a_source_without_deviation_leaves_the_other_alone():
    sources = np.stack([RANDOM, np.full_like(RANDOM, 0.1)], axis=-1)
    alone = per_source()(jnp.asarray(RANDOM[..., None]))
    np.testing.assert_array_equal(per_source()(jnp.asarray(sources)), alone)
