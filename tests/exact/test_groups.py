"""The enumeration of groups against every ordered batch, one by one, differentiated by jax."""

from dataclasses import replace
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
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
from simulator.environments.bandit import Bandit
from simulator.exact import list_completions
from simulator.exact.groups import by_groups, list_batches, num_batches
from simulator.policies.log_linear import LogLinear
from simulator.policies.low_rank import LowRank
from simulator.policies.transformer import Transformer
from simulator.surrogates.base import Surrogate
from simulator.surrogates.filters import Conflicts, Filter, LargeAdvantages, OnPolicy
from simulator.surrogates.gates import (
    BoundedClip,
    Clip,
    Difference,
    GammaWeight,
    Gate,
    Ratio,
    Restoring,
    Score,
    Sigmoid,
    TaperedWeight,
    TruncatedWeight,
    TwoSidedClip,
)
from simulator.surrogates.log_ratios import ClippedSequence, Level, Sequence, Token, WholeSequence
from simulator.surrogates.reductions import ConstantLength, Reduction, SequenceMean, SequenceSum, TokenMean, TokenSum
from simulator.surrogates.words import factors
from tests.exact import brute_force
from tests.exact.worlds import CHANCE, UNEVEN, Spelled, compiled, logits, paid, situation

ADVANTAGES = [
    Reward(),
    GroupMean(),
    GroupZScore(),
    LeaveOneOut(),
    BatchZScore(),
    PerSource(),
    PerSource(whiten="nothing", weights=np.array([2.0, 0.5])),
    LengthWeighted(),
    Recentred(),
    RelativeToMean(),
    BestOfGroup(),
    TokenWhitened(),
    SignalRescaled(),
]
REDUCTIONS = [SequenceMean(), TokenMean(), ConstantLength(), SequenceSum(), TokenSum(divisor=3.0)]
LEVELS = [Token(), Sequence(), WholeSequence(), ClippedSequence(clip_low=0.02, clip_high=0.02)]
GATES = [
    Clip(clip_low=0.05, clip_high=0.05, dual=1.2),
    TruncatedWeight(cap=1.1),
    Score(),
    Ratio(),
    TwoSidedClip(clip_low=0.2, clip_high=0.2),
    BoundedClip(clip_low=0.05, clip_high=0.05),
    TaperedWeight(),
    Sigmoid(),
    GammaWeight(),
    Difference(low=0.005, high=0.005),
    Restoring(),
]
FILTERS = [None, OnPolicy(threshold=0.1), LargeAdvantages(threshold=0.3), Conflicts()]
# each factor in turn: every one of them meets others twice
POINTS = [
    Surrogate(
        advantage=ADVANTAGES[k % 12],
        reduction=REDUCTIONS[k % 5],
        level=LEVELS[k % 4],
        gate=GATES[k % 11],
        filter=FILTERS[(k // 3) % 4],
    )
    for k in range(24)
]

PARAMS = logits(UNEVEN, 0)
BEHAVIOR = PARAMS + logits(UNEVEN, 1)


@pytest.fixture(scope="module")
def listed():
    return list_completions(UNEVEN)


def name(point):
    return " × ".join(factors(point).values())


def block_by_block(body, carry, blocks):
    """`scan` without a program: compiling one takes longer than going through so few blocks."""
    for index in range(len(blocks[0])):
        carry, _ = body(carry, tuple(leaf[index] for leaf in blocks))
    return carry, None


def test_every_factor_of_the_product_is_tested():
    tried = [(FILTERS[1:], Filter), (REDUCTIONS, Reduction), (LEVELS, Level), (GATES, Gate)]
    for cases, union in [([*ADVANTAGES, GreedyBaseline()], Advantage), *tried]:
        assert {type(case) for case in cases} == set(get_args(union)[1].members.values())


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS, ids=name)
def test_off_policy_every_point_has_the_moments_of_all_ordered_batches(point, listed, monkeypatch):
    asked = situation(UNEVEN, point, PARAMS, BEHAVIOR, listed=listed)
    expected = brute_force.moments(asked)
    assert point.cutter is None or expected.clipped > 0.005  # or nothing of the clip was tested
    with monkeypatch.context() as patched:
        patched.setattr(jax.lax, "scan", block_by_block)
        brute_force.assert_same(by_groups(asked), expected)


def on_policy(method):
    """What counts at ratio 1: the other factors are tried off-policy."""
    surrogate = method().surrogate()
    return surrogate.advantage.kind, surrogate.reduction.kind, surrogate.filter and surrogate.filter.kind


# ReMax: there are no greedy completions here; GDPO: z-scores that add up to the same up to rounding are whitened, too
KNOWN = [cls for cls in sim.METHODS.members.values() if cls not in (Surrogate, sim.methods.ReMax, sim.methods.GDPO)]
DISTINCT = list({on_policy(method): method for method in KNOWN}.values())


@pytest.mark.long
@pytest.mark.parametrize("method", DISTINCT)
def test_on_policy_every_method_has_the_moments_of_all_ordered_batches(method, listed):
    asked = situation(UNEVEN, method(), PARAMS, group_size=3, listed=listed)
    brute_force.assert_same(by_groups(asked), brute_force.moments(replace(asked, surrogate=asked.plain)))


# PerSource without its eps: with it, the scores of two sources cancel but for 1e-6, which whitening takes for a signal
# and makes a million times larger, rounding included
@pytest.mark.parametrize("advantage", [GroupZScore(), BatchZScore(), PerSource(eps=0.0)], ids=lambda each: each.kind)
def test_rewards_that_are_drawn_are_part_of_what_is_listed(advantage):
    surrogate = Surrogate(advantage=advantage, level=Token(), gate=GATES[0], reduction=SequenceMean())
    asked = situation(CHANCE, surrogate, PARAMS, BEHAVIOR)
    brute_force.assert_same(by_groups(asked), brute_force.moments(asked))


@pytest.mark.long
@pytest.mark.parametrize(
    ("policy", "method"),
    [
        (LogLinear(), sim.methods.GRPO(clip_low=0.05, clip_high=0.05)),  # groups by themselves: their variances add up
        (LowRank(), sim.methods.DAPO()),
        (Transformer(start="gaussian", width=4), sim.methods.DAPO()),
    ],
    ids=["log_linear", "low_rank", "transformer"],
)
def test_policies_whose_states_share_parameters_have_them_too(policy, method):
    policy = policy.prepare(jax.random.key(0), UNEVEN)
    start = policy.init(jax.random.key(1), UNEVEN)

    def moved(seed):  # zeros are a special place to start from
        rng = np.random.default_rng(seed)
        return jax.tree.map(lambda leaf: leaf + jnp.asarray(rng.normal(size=leaf.shape)), start)

    asked = situation(UNEVEN, method, moved(0), moved(1), policy=policy)
    found = jax.jit(lambda params: by_groups(replace(asked, params=params)))(asked.params)
    brute_force.assert_same(found, brute_force.moments(asked, one_program=True))


def test_a_bandit_whose_arms_are_drawn_is_enumerated_over_what_they_pay():
    chances = np.array([[0.2, 0.9], [1.0, 0.5]])
    world = Spelled(
        said=tuple(
            tuple(((arm,), ((chance, (3.0,)), (1 - chance, (0.0,)))) for arm, chance in enumerate(row))
            for row in chances.tolist()
        )
    )
    bandit = Bandit(rewards=chances, distribution="bernoulli", reward_scale=3.0)
    params, behavior = logits(world, 3), logits(world, 4)
    expected = brute_force.moments(
        situation(world, sim.methods.DAPO(), params, behavior, group_size=3), one_program=True
    )
    brute_force.assert_same(compiled(by_groups, bandit, sim.methods.DAPO(), params, behavior, group_size=3), expected)


def test_regularisers_are_no_part_of_it():
    penalised = sim.methods.GRPO(kl=sim.surrogates.KL(coef=3.0), entropy=sim.surrogates.Entropy(coef=2.0))
    plain, other = (compiled(by_groups, UNEVEN, method, PARAMS, BEHAVIOR) for method in (sim.methods.GRPO(), penalised))
    jax.tree.map(np.testing.assert_array_equal, plain, other)


def test_a_completion_that_a_prompt_cannot_have_counts_nothing():
    # alone, the second prompt has its own two completions; beside the first, three that it cannot have as well
    alone = Spelled(said=UNEVEN.said[1:], certain=tuple((0, prefix) for _, prefix in UNEVEN.certain))
    both = compiled(by_groups, UNEVEN, sim.methods.GRPO(), PARAMS, BEHAVIOR).mean["logits"]
    rows = [UNEVEN.prefixes().index((1, prefix)) for _, prefix in alone.prefixes()]
    one = compiled(by_groups, alone, sim.methods.GRPO(), PARAMS[rows], BEHAVIOR[rows]).mean["logits"]
    np.testing.assert_allclose(2 * both[jnp.asarray(rows)], one, rtol=1e-13, atol=1e-16)  # 1/B, of twice as many
    assert np.max(np.abs(one)) > 1e-3


# Counting


@pytest.mark.parametrize(
    ("items", "prompts", "size", "separable"), [(3, 2, 3, True), (3, 2, 3, False), (4, 3, 1, False)]
)
def test_the_batches_are_counted_as_they_are_listed(items, prompts, size, separable):
    listed, log_orders = list_batches(items, prompts, size, separable)
    assert len(listed) == len(log_orders) == num_batches(items, prompts, size, separable)
    assert len(np.unique(np.sort(listed, axis=-1), axis=0)) == len(listed)


def test_the_orders_of_all_batches_are_all_ordered_batches():
    _, log_orders = list_batches(3, 2, 4, separable=False)
    np.testing.assert_allclose(np.exp(log_orders).prod(axis=1).sum(), 3 ** (2 * 4), rtol=1e-13)


def test_a_group_that_can_come_in_more_orders_than_a_float_holds_is_enumerated():
    # two arms at even odds, group of 1100: A = ±1 up to eps, and the gradient is that of a binomial count
    world = Spelled(said=((((0,), paid(1.0)), ((1,), paid(0.0))),))
    found = compiled(by_groups, world, sim.methods.GRPO(ddof=0, eps=0.0), np.zeros((1, 2)), group_size=1100)
    # g = (1/G) Σ A_i (1{a_i} − ½) = √(p̂ (1 − p̂)) for the good arm, p̂ = k/G with k ~ Binomial(G, ½)
    counts = np.random.default_rng(0).binomial(1100, 0.5, size=200_000) / 1100
    assert found.mean["logits"][0, 0] == pytest.approx(np.sqrt(counts * (1 - counts)).mean(), rel=1e-5)
    assert found.variance == pytest.approx(2 * np.sqrt(counts * (1 - counts)).var(), rel=0.05)
