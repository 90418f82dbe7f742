"""The closed form against the enumeration of groups, against formula A.3 in NumPy, and on an example by hand."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import simulator as sim
from simulator.advantages import BatchZScore, GroupMean, GroupZScore, LeaveOneOut, PerSource, Reward
from simulator.environments.bandit import Bandit
from simulator.environments.length_trap import LengthTrap
from simulator.exact import has_closed_form, true_gradient
from simulator.exact.closed_form import by_pairs
from simulator.exact.groups import by_groups
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Clip, Score, TruncatedWeight
from simulator.surrogates.log_ratios import Sequence, Token
from simulator.surrogates.reductions import ConstantLength, SequenceMean, SequenceSum, TokenMean
from tests.by_hand import log_softmax
from tests.exact import brute_force
from tests.exact.worlds import CHANCE, Spelled, compiled, logits, paid, situation

PARAMS = logits(CHANCE, 0)
LINEAR = [Reward(), GroupMean(), LeaveOneOut()]


def point(advantage=None, reduction=None, gate=None, level=None):
    """A point of the product; what is left out is Dr. GRPO's advantage with GRPO's lengths."""
    return Surrogate(
        advantage=advantage or GroupMean(),
        level=level or Token(),
        gate=gate or Clip(),
        reduction=reduction or SequenceMean(),
    )


def trap(short, long):
    """Token 0 goes on to a right answer that is short or a wrong one that is long, token 1 the other way round.

    Right answers, whose second token is 0, pay 1; after the second token there is no choice.
    """
    texts = {(a, b): (a, b, *[0] * ((short if (a == 0) == (b == 0) else long) - 2)) for a in (0, 1) for b in (0, 1)}
    return Spelled(
        said=(tuple((text, paid(1.0 - b)) for (_, b), text in texts.items()),),
        certain=tuple((0, text[:t]) for text in texts.values() for t in range(2, len(text))),
    )


def test_a_closed_form_needs_a_linear_advantage_and_weights_of_its_own():
    reductions = [SequenceMean(), ConstantLength(), SequenceSum()]
    for advantage, reduction in itertools.product(LINEAR, reductions):
        assert has_closed_form(point(advantage, reduction))
        assert not has_closed_form(point(advantage, TokenMean()))
    for advantage in (GroupZScore(), BatchZScore(), PerSource(), PerSource(whiten=False)):
        assert not has_closed_form(point(advantage))


@pytest.mark.long
@pytest.mark.parametrize(
    ("advantage", "size"),
    [(Reward(), 1), *itertools.product(LINEAR, [2, 4])],
    ids=lambda each: getattr(each, "kind", each),
)
def test_the_closed_form_is_the_enumeration(advantage, size):
    asked = situation(CHANCE, point(advantage), PARAMS, group_size=size)
    listed = by_groups(asked)
    expected = brute_force.Found(
        mean=ravel_pytree(listed.mean)[0],
        variance=listed.variance,
        first_mean=ravel_pytree(listed.first_mean)[0],
        first_variance=listed.first_variance,
        square=listed.variance + np.sum(np.asarray(listed.mean["logits"]) ** 2),
        clipped=0.0,
    )
    brute_force.assert_same(by_pairs(asked), expected)


@pytest.mark.long
@pytest.mark.parametrize(
    "gate",
    # below a cap of 1, a gate pushes with less than the advantage at ratio 1
    [Clip(clip_low=0.01, clip_high=0.01, dual=1.01), Score(), TruncatedWeight(cap=1.0), TruncatedWeight(cap=0.5)],
    ids=repr,
)
@pytest.mark.parametrize("reduction", [SequenceMean(), ConstantLength(length=5.0), SequenceSum()], ids=lambda r: r.kind)
def test_the_closed_form_has_the_moments_of_all_ordered_batches(gate, reduction):
    for level in (Token(), Sequence()) if isinstance(gate, Clip) else (Token(),):
        asked = situation(CHANCE, point(gate=gate, level=level, reduction=reduction), PARAMS)
        brute_force.assert_same(by_pairs(asked), brute_force.moments(asked))


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_what_all_rewards_have_in_common_cancels(offset):
    # all numbers are binary fractions, so that the rewards themselves are not rounded
    worlds = (
        Spelled(said=((((0,), paid(1.0 + add)), ((1, 0), paid(-0.5 + add)), ((1, 1), paid(0.25 + add))),))
        for add in (0.0, offset)
    )
    plain, moved = (compiled(by_pairs, world, point(), logits(world, 0), group_size=3) for world in worlds)
    for one, other in zip(jax.tree.leaves(moved), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14 * (1 + offset), atol=1e-16 * (1 + offset))


@pytest.mark.parametrize("size", [2, 7])
def test_a_bandit_has_the_variance_of_the_textbook(size):
    # one prompt, weights 1/G, A = R − R̄: g = the sample covariance (÷ G) of the arm's indicator and the reward.
    # With y_i = (1{a_i = ·} − π) and R, at G = 2 that is (y_1 − y_2)(R_1 − R_2)/4; for larger G simulate
    bandit = Bandit(rewards=np.array([[1.0, 0.0, 0.5]]))
    table = logits(bandit, 0)
    found = compiled(by_pairs, bandit, point(), table, group_size=size)
    policy = np.exp(table[0]) / np.exp(table[0]).sum()
    arms = np.random.default_rng(0).choice(3, p=policy, size=(400_000, size))
    rewards = np.array([1.0, 0.0, 0.5])[arms]
    grads = np.einsum("ng,nga->na", rewards - rewards.mean(axis=1, keepdims=True), np.eye(3)[arms]) / size
    np.testing.assert_allclose(found.mean["logits"][0], grads.mean(axis=0), atol=4 * np.sqrt(0.1 / 400_000))
    np.testing.assert_allclose(found.variance, grads.var(axis=0).sum(), rtol=0.01)


# The expected prefix bias


@pytest.mark.parametrize(("enumerated", "size"), [(by_pairs, 2), (by_pairs, 4), (by_groups, 3)])
def test_the_first_token_is_pushed_as_the_formula_says(size, enumerated):
    # E[∂J/∂θ[a]] = (G−1)/G · π(a) · ( c_a − Σ_b π(b) c_b ),  c_a = Cov(f, R | a) + f̄_a (Q_a − V),  f = 1/L
    world = trap(3, 5)
    table = logits(world, 5)
    log_probs = {prefix: log_softmax(row) for (_, prefix), row in zip(world.prefixes(), table, strict=True)}
    policy, c = np.exp(log_probs[()]), np.zeros(2)
    rewards = {a: np.array([1.0, 0.0]) for a in (0, 1)}  # right, wrong
    inverse = {0: 1 / np.array([3.0, 5.0]), 1: 1 / np.array([5.0, 3.0])}
    chance = {a: np.exp(log_probs[(a,)]) for a in (0, 1)}
    value = sum(policy[a] * chance[a] @ rewards[a] for a in (0, 1))
    for a in (0, 1):
        q, f = chance[a] @ rewards[a], chance[a] @ inverse[a]
        c[a] = chance[a] @ ((inverse[a] - f) * (rewards[a] - q)) + f * (q - value)
    expected = (size - 1) / size * policy * (c - policy @ c)

    found = compiled(enumerated, world, point(), table, group_size=size).first_mean["logits"]
    root = world.prefixes().index((0, ()))
    np.testing.assert_allclose(found[root], expected, rtol=1e-12)
    np.testing.assert_array_equal(np.delete(found, root, axis=0), 0.0)


@pytest.mark.parametrize("world", [trap(10, 40), LengthTrap(short=10, long=40)], ids=["spelled", "length_trap"])
def test_a_length_covariance_pushes_a_prefix_whose_true_gradient_is_zero(world):
    # π = (.9, .1), right and wrong are equally likely: Q_a = Q_b = V = ½, so the truth is zero at the root;
    # Cov(1/L, R | a) = ¼ (1/10 − 1/40) = 0.01875 = −Cov(1/L, R | b), so c = (0.01875, −0.01875),
    # Σ π c = 0.015, and E = ¾ · (0.9 · 0.00375, 0.1 · −0.03375) = (0.00253, −0.00253)
    table = np.zeros((world.num_states, 2))
    table[0] = np.log([0.9, 0.1])
    truth = compiled(true_gradient, world, point(), table)
    np.testing.assert_allclose(truth.grads["logits"][0], 0.0, atol=1e-17)
    for moments in (by_pairs, by_groups):
        found = compiled(moments, world, point(), table, group_size=4)
        np.testing.assert_allclose(found.mean["logits"][0], [0.00253125, -0.00253125], rtol=1e-12)
        np.testing.assert_allclose(
            found.first_mean["logits"], found.mean["logits"] * (np.arange(len(table)) == 0)[:, None]
        )


def test_without_length_weights_the_same_prefix_is_left_alone():
    world = trap(10, 40)
    table = np.zeros((world.num_states, 2))
    table[0] = np.log([0.9, 0.1])
    found = compiled(by_pairs, world, point(reduction=ConstantLength()), table, group_size=4)
    np.testing.assert_allclose(found.mean["logits"][0], 0.0, atol=1e-16)


@pytest.mark.long
@pytest.mark.parametrize("size", [2, 5])
def test_whole_likelihoods_give_the_gradient_of_the_return(size):
    # f ≡ 1: (G−1)/G of it with the group's mean as the baseline, all of it when a completion is left out of its own
    truth = true_gradient(situation(CHANCE, sim.methods.RLOO(), PARAMS)).grads["logits"]
    for method, share in (
        (sim.methods.Reinforce(), 1.0),
        (sim.methods.RLOO(), 1.0),
        (point(reduction=SequenceSum()), (size - 1) / size),
    ):
        found = by_pairs(situation(CHANCE, method, PARAMS, group_size=size)).mean["logits"]
        np.testing.assert_allclose(found, share * truth, rtol=1e-12, atol=1e-16)
    assert jnp.max(jnp.abs(truth)) > 0.01
