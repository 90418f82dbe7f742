"""Advantages against the numbers that the papers and their critics print, and against plain NumPy."""

import itertools
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.advantages import (
    Advantage,
    BatchZScore,
    BestOfGroup,
    GreedyBaseline,
    GroupMean,
    GroupZScore,
    LeaveOneOut,
    LengthWeighted,
    PerSource,
    Recentred,
    RelativeToMean,
    Reward,
    SignalRescaled,
    TokenWhitened,
)

pytestmark = pytest.mark.usefixtures("strict_promotion")

# Seven rollouts, three of them bad and three good; the second task pays five times as much.
SMALL = [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0]
LARGE = [-5.0, -5.0, -5.0, 0.0, 5.0, 5.0, 5.0]
RANDOM = np.random.default_rng(0).normal(size=(3, 5))
LENGTHS = np.array([[1, 7, 2, 4, 3], [5, 5, 1, 0, 2], [9, 1, 1, 6, 2]])  # one without a token

WITH_A_DEVIATION = [GroupZScore(ddof=ddof, eps=eps) for ddof in (0, 1) for eps in (0.0, 1e-6)]
WITH_A_DEVIATION += [BatchZScore(ddof=ddof, eps=eps) for ddof in (0, 1) for eps in (0.0, 1e-6)]
WITH_A_DEVIATION += [GroupZScore(floor=0.3, eps=0.0)]
EVERY_BASELINE = [GroupMean(), LeaveOneOut(), *WITH_A_DEVIATION, SignalRescaled(), SignalRescaled(counts="nonzero")]
BEST = [BestOfGroup(divide=divide, ddof=ddof) for divide in (True, False) for ddof in (0, 1)]


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


@pytest.mark.parametrize("advantage", [*EVERY_BASELINE, *BEST, RelativeToMean(), RelativeToMean(eps=0.0)], ids=repr)
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


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("floor", [None, 0.5, 3.0])
def test_the_floor_holds_the_deviation_from_below(floor, ddof):
    deviations = RANDOM.std(axis=1, ddof=ddof, keepdims=True)
    assert deviations.min() < 0.5 < deviations.max() < 3.0
    expected = (RANDOM - RANDOM.mean(axis=1, keepdims=True)) / (np.maximum(deviations, floor or 0.0) + 1e-3)
    found = GroupZScore(ddof=ddof, eps=1e-3, floor=floor)(jnp.asarray(RANDOM))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# Units that are no deviation


def test_rewards_in_units_of_the_mean_count_rare_successes_most():
    # one of four succeeds: (1 − ¼) / ¼ and −¼ / ¼; three of four do: ⅓ and −1
    found = RelativeToMean(eps=0.0)(jnp.array([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]]))
    np.testing.assert_allclose(found, [[3.0, -1.0, -1.0, -1.0], [1 / 3, 1 / 3, 1 / 3, -1.0]], rtol=1e-15)


def test_rewards_in_units_of_the_mean_are_of_one_size_on_every_scale():
    rewards = jnp.asarray(np.abs(RANDOM))
    np.testing.assert_allclose(RelativeToMean(eps=0.0)(1000 * rewards), RelativeToMean(eps=0.0)(rewards), rtol=1e-12)
    floored = RelativeToMean(eps=0.5)(rewards)
    mean = np.abs(RANDOM).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(floored, (np.abs(RANDOM) - mean) / (mean + 0.5), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("successes", [1, 2, 5])
def test_in_units_of_the_mean_the_successes_have_the_gradient_of_log_p(successes):
    # (1/G) Σ_i A_i ∇ log π(o_i), by the chance p of a success: (1/G) Σ_i A_i (R_i/p − (1 − R_i)/(1 − p)) at p = R̄
    rewards = np.array([1.0] * successes + [0.0] * (8 - successes))
    p, advantages = successes / 8, RelativeToMean(eps=0.0)(jnp.asarray(rewards[None]))[0]
    np.testing.assert_allclose(np.mean(advantages * (rewards / p - (1 - rewards) / (1 - p))), 1 / p, rtol=1e-13)


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([0.0, 3.0, 1.0, -1.0], [0.0, 2.0, 0.0, 0.0]),
        ([-5.0, -2.0, -4.0], [0.0, 2.0, 0.0]),
        ([3.0, 1.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]),  # two are best: neither is ahead
        ([1.0, 0.0, 0.0], [1.0, 0.0, 0.0]),  # two are second
    ],
)
def test_the_best_of_the_group_counts_by_how_far_it_is_ahead(rewards, expected):
    alone = BestOfGroup(divide=False)(jnp.array([rewards]))
    np.testing.assert_array_equal(alone[0], expected)
    for ddof in (0, 1):
        divided = BestOfGroup(ddof=ddof, eps=0.1)(jnp.array([rewards]))
        np.testing.assert_allclose(divided[0], np.array(expected) / (np.std(rewards, ddof=ddof) + 0.1), rtol=1e-13)


def test_the_signal_rescales_by_the_share_of_groups_that_differ():
    # two groups of three differ: 12 / 8, whatever their rewards are
    rewards = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 2.0]])
    centred = [[-0.25, -0.25, 0.75, -0.25], [0.0, 0.0, 0.0, 0.0], [-0.5, -0.5, -0.5, 1.5]]
    found = SignalRescaled()(jnp.asarray(rewards))
    np.testing.assert_allclose(found, 12 / 8 * np.array(centred), rtol=1e-14)
    np.testing.assert_allclose(SignalRescaled(norm=4.0)(jnp.asarray(rewards)), found / 4, rtol=1e-14)
    # six completions have a reward: 12 / 6
    nonzero = SignalRescaled(counts="nonzero")(jnp.asarray(rewards))
    np.testing.assert_allclose(nonzero, 12 / 6 * np.array(centred), rtol=1e-14)


def test_where_every_group_differs_the_signal_is_the_group_mean():
    np.testing.assert_allclose(SignalRescaled()(jnp.asarray(RANDOM)), GroupMean()(jnp.asarray(RANDOM)), rtol=1e-14)


# Lengths and the greedy completion


def by_token(values):
    """A number of each completion, once for every token that it has."""
    return np.repeat(values.ravel(), LENGTHS.ravel())


def test_the_length_weighted_baseline_is_the_mean_reward_of_the_groups_tokens():
    expected = [group - np.repeat(group, lengths).mean() for group, lengths in zip(RANDOM, LENGTHS, strict=True)]
    found = LengthWeighted()(jnp.asarray(RANDOM), jnp.asarray(LENGTHS, dtype=float))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_with_equal_lengths_the_length_weighted_baseline_is_the_groups_mean():
    found = LengthWeighted()(jnp.asarray(RANDOM), jnp.full(RANDOM.shape, 3.0))
    np.testing.assert_allclose(found, RANDOM - RANDOM.mean(axis=1, keepdims=True), rtol=1e-13, atol=1e-15)


def test_recentred_advantages_cancel_under_weights_of_one_over_the_length():
    found = np.asarray(Recentred()(jnp.asarray(RANDOM), jnp.asarray(LENGTHS, dtype=float)))
    weights = np.divide(1.0, LENGTHS, out=np.zeros(LENGTHS.shape), where=LENGTHS > 0)
    np.testing.assert_allclose(np.sum(found * weights, axis=1), 0.0, atol=1e-15)
    # rewards 1 and 0 of lengths 1 and 3: the mean is (1/1) / (1/1 + 1/3) = 3/4
    by_hand = Recentred()(jnp.array([[1.0, 0.0]]), jnp.array([[1.0, 3.0]]))
    np.testing.assert_allclose(by_hand, [[0.25, -0.75]], rtol=1e-15)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("eps", [1e-8, 0.5])
@pytest.mark.parametrize("centre_groups", [False, True])
def test_rewards_are_whitened_by_the_mean_and_deviation_of_all_tokens(centre_groups, eps, ddof):
    values = RANDOM - RANDOM.mean(axis=1, keepdims=True) if centre_groups else RANDOM
    expected = (values - by_token(values).mean()) / np.sqrt(by_token(values).var(ddof=ddof) + eps)
    advantage = TokenWhitened(centre_groups=centre_groups, ddof=ddof, eps=eps)
    found = advantage(jnp.asarray(RANDOM), jnp.asarray(LENGTHS, dtype=float))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("ddof", [0, 1])
def test_whitening_gives_the_tokens_mean_zero_and_deviation_one(ddof):
    found = TokenWhitened(ddof=ddof, eps=0.0)(jnp.asarray(RANDOM), jnp.asarray(LENGTHS, dtype=float))
    tokens = by_token(np.asarray(found))
    np.testing.assert_allclose([tokens.mean(), tokens.std(ddof=ddof)], [0.0, 1.0], atol=1e-14)


@pytest.mark.parametrize("eps", [0.0, 1e-8])
@pytest.mark.parametrize("reward", [0.1, -0.7, 1.0])
@pytest.mark.parametrize("lengths", [np.ones((2, 7)), np.arange(14).reshape(2, 7) + 1])
@pytest.mark.parametrize(
    "advantage",
    [
        lambda eps: LengthWeighted(),
        lambda eps: Recentred(),
        lambda eps: TokenWhitened(eps=eps),
        lambda eps: TokenWhitened(eps=eps, centre_groups=True),
        lambda eps: TokenWhitened(eps=eps, ddof=0),
    ],
    ids=["length_weighted", "recentred", "token_whitened", "centred", "ddof 0"],
)
def test_equal_rewards_get_exactly_zero_whatever_the_lengths(advantage, lengths, reward, eps):
    found = advantage(eps)(jnp.full((2, 7), reward), jnp.asarray(lengths, dtype=float))
    np.testing.assert_array_equal(found, np.zeros((2, 7)))


def test_a_group_without_deviation_is_no_better_than_the_tokens_of_the_others():
    # centred by its group it is 0; the mean over tokens is not, where the better completions are the longer ones
    rewards, lengths = jnp.array([[0.5, 0.5], [0.0, 1.0]]), jnp.array([[1.0, 1.0], [1.0, 3.0]])
    found = TokenWhitened(centre_groups=True, eps=0.0, ddof=0)(rewards, lengths)
    # tokens: 0, 0, −½, and ½ three times: mean 1/6, variance 1/6 − 1/36
    np.testing.assert_allclose(found[0], np.full(2, -1 / 6 / np.sqrt(1 / 6 - 1 / 36)), rtol=1e-14)


def test_the_greedy_completion_of_each_prompt_is_its_baseline():
    found = GreedyBaseline()(jnp.array([[1.0, 0.0], [0.3, 0.9]]), jnp.array([0.25, 0.9]))
    np.testing.assert_allclose(found, [[0.75, -0.25], [-0.6, 0.0]], rtol=1e-14)


# What an advantage says of itself

EVERY_ADVANTAGE = [Reward(), *EVERY_BASELINE, *BEST, RelativeToMean(), LengthWeighted(), Recentred()]
EVERY_ADVANTAGE += [GreedyBaseline(), TokenWhitened(), TokenWhitened(centre_groups=True)]
EVERY_ADVANTAGE += [PerSource(whiten="completions"), PerSource(whiten="tokens"), PerSource(whiten="nothing")]


def of(advantage, rewards, lengths=LENGTHS):
    """The advantage of completions, of which it gets what it reads."""
    rewards = jnp.asarray(rewards)
    given = {
        "rewards": rewards,
        "sources": rewards[..., None],
        "lengths": jnp.asarray(lengths, dtype=float),
        "greedy": jnp.full(len(rewards), 0.25),
    }
    return np.asarray(advantage(*(given[name] for name in advantage.reads)))


def test_every_advantage_is_tested():
    assert {type(advantage) for advantage in EVERY_ADVANTAGE} == set(get_args(Advantage)[1].members.values())


@pytest.mark.parametrize("advantage", EVERY_ADVANTAGE, ids=repr)
def test_own_group_says_whether_other_groups_count(advantage):
    changed = np.concatenate([RANDOM[:1], 0.0 * RANDOM[1:2], 10.0 * RANDOM[2:]])
    before, after = of(advantage, RANDOM)[0], of(advantage, changed)[0]
    assert np.array_equal(before, after) == advantage.own_group


@pytest.mark.parametrize("advantage", EVERY_ADVANTAGE, ids=repr)
def test_needs_group_says_whether_a_group_of_one_says_nothing(advantage):
    try:
        found = of(advantage, [[1.0], [3.0], [-2.0]], np.full((3, 1), 2))
    except ZeroDivisionError:  # there are no others to be left
        found = np.zeros(1)
    assert np.any(np.isfinite(found) & (found != 0)) != advantage.needs_group


@pytest.mark.parametrize("advantage", EVERY_ADVANTAGE, ids=repr)
def test_an_advantage_does_not_look_at_the_order_of_a_group(advantage):
    order = [3, 0, 4, 1, 2]
    found = of(advantage, RANDOM[:, order], LENGTHS[:, order])
    np.testing.assert_allclose(found, of(advantage, RANDOM)[:, order], rtol=1e-11, atol=1e-13)


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


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("eps", [1e-8, 0.5])
@pytest.mark.parametrize("weights", [None, [1.0, 0.25]])
def test_per_source_may_be_whitened_over_tokens(weights, eps, ddof):
    # verl: (S − S̄) / √(var + eps) over all tokens, each with its completion's sum of z-scores
    _, total = gdpo(SOURCES, [1.0, 1.0] if weights is None else weights, 1e-6, ddof)
    expected = (total - by_token(total).mean()) / np.sqrt(by_token(total).var(ddof=ddof) + eps)
    given = None if weights is None else np.array(weights)
    advantage = PerSource(weights=given, ddof=ddof, whiten="tokens", whiten_eps=eps)
    found = advantage(jnp.asarray(SOURCES), jnp.asarray(LENGTHS, dtype=float))
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    assert np.max(np.abs(found - per_source(ddof=ddof, weights=given)(jnp.asarray(SOURCES)))) > 0.1


def test_with_equal_lengths_it_is_all_the_same_what_is_whitened_over_but_for_ddof():
    lengths = jnp.full(RANDOM.shape, 3.0)
    tokens, completions = (
        PerSource(ddof=0, whiten=whiten, whiten_eps=0.0)(jnp.asarray(SOURCES), lengths)
        for whiten in ("tokens", "completions")
    )
    np.testing.assert_allclose(tokens, completions, rtol=1e-11, atol=1e-14)


def test_one_source_without_whitening_is_the_group_z_score():
    found = per_source(whiten="nothing")(jnp.asarray(RANDOM[..., None]))
    np.testing.assert_array_equal(found, GroupZScore()(jnp.asarray(RANDOM)))


def test_whitening_gives_the_batch_mean_zero_and_deviation_one():
    found = per_source(eps=0.0)(jnp.asarray(SOURCES))
    np.testing.assert_allclose([np.mean(found), np.std(found, ddof=1)], [0.0, 1.0], atol=1e-15)


@pytest.mark.parametrize("eps", [0.0, 1e-4])
@pytest.mark.parametrize("whiten", ["completions", "tokens", "nothing"])
@pytest.mark.parametrize("rewards", [(0.1, 0.7), (1.0, 1e6 + 0.1)])
@pytest.mark.parametrize("group_size", [2, 7])
def test_sources_that_are_equal_within_each_group_give_exactly_zero(rewards, group_size, whiten, eps):
    equal = jnp.broadcast_to(jnp.array(rewards), (3, group_size, 2))
    np.testing.assert_array_equal(per_source(eps=eps, whiten=whiten)(equal), np.zeros((3, group_size)))


def test_a_source_without_deviation_leaves_the_other_alone():
    sources = np.stack([RANDOM, np.full_like(RANDOM, 0.1)], axis=-1)
    alone = per_source()(jnp.asarray(RANDOM[..., None]))
    np.testing.assert_array_equal(per_source()(jnp.asarray(sources)), alone)
