"""The product: each method's push is the gradient of its objective as the paper writes it, by jax's autodiff."""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.surrogates.base import softmax_pullback
from simulator.surrogates.regularizers import KL, Entropy
from tests.surrogates.batches import (
    BEHAVIOR_LOGITS,
    GREEDY,
    LENGTHS,
    LOGITS,
    MASK,
    REFERENCE_LOGITS,
    REWARDS,
    ROWS,
    TOKENS,
    log_softmax,
    minibatch,
    rollout,
)

B, G, T = 7, 4, 4  # completions that have tokens, group size, longest completion
L = np.maximum(LENGTHS, 1)[..., None]
SAID = LENGTHS > 0

# Advantages


def by_token(values):
    """A number of each completion, once for every token that it has."""
    return np.repeat(values.ravel(), LENGTHS.ravel())


def whitened(values):
    return (values - by_token(values).mean()) / np.sqrt(by_token(values).var(ddof=1) + 1e-8)


MEAN, DEVIATION = REWARDS.mean(axis=1, keepdims=True), REWARDS.std(axis=1, ddof=1, keepdims=True)
CENTRED = REWARDS - MEAN
Z_SCORE = CENTRED / (DEVIATION + 1e-6)
LEAVE_ONE_OUT = REWARDS - (REWARDS.sum(axis=1, keepdims=True) - REWARDS) / (G - 1)
BEST = np.array([[0.0, 0.0, 2.5 - 1.0, 0.0], [0.0, 0.0, 0.0, 2.0 - 0.9]]) / (DEVIATION + 1e-6)
MEAN_OF_TOKENS = np.sum(LENGTHS * REWARDS, axis=1, keepdims=True) / LENGTHS.sum(axis=1, keepdims=True)

# Filters

# completion by completion, good ones (+) and bad ones (−): 343 + | 3 − | 3140 + | 43 −;  20 − | 4244 + | (none) | 121 +
SHARED = np.ones(MASK.shape)
SHARED[0, 0], SHARED[0, 1], SHARED[0, 3] = 2.0, 0.0, 0.0  # 3… and …3, …43: all of them shared
SHARED[0, 2, 0] = 2.0  # 3…

_ENTROPY = -np.sum(np.exp(log_softmax(LOGITS)) * log_softmax(LOGITS), axis=-1)[ROWS]
MEAN_ENTROPY = np.sum(MASK * _ENTROPY, axis=-1, keepdims=True) / L
CERTAIN = MEAN_ENTROPY <= 1.38


# Objectives

held = jax.lax.stop_gradient


def clipped(ratio, advantage, low, high):
    return jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - low, 1 + high) * advantage)


def whole(ratio):
    """π(o_i) / π_behavior(o_i)."""
    return jnp.prod(ratio, axis=-1, keepdims=True)


def geometric_mean(ratio):
    return whole(ratio) ** (1 / L)


def per_completion(values):
    """(1/B) Σ_i, over completions that have tokens."""
    return jnp.sum(SAID[..., None] * values) / B


def mean_of_means(values):
    return jnp.sum(MASK * values / L) / B


def token_mean(values):
    return jnp.sum(MASK * values) / MASK.sum()


def clipped_mean(ratio, advantage, low, high):
    """The geometric mean of ratios that are held where the advantage pushes them."""
    log_ratio = jnp.log(ratio)
    limited = jnp.where(advantage > 0, jnp.minimum(log_ratio, high), jnp.maximum(log_ratio, -low))
    return jnp.exp(jnp.sum(MASK * limited, axis=-1, keepdims=True) / L)


def moved(ratio, logp, advantage, low, high):
    """dppo's mask for the probability's difference: 1 where it has not moved too far towards the advantage."""
    now, before = jnp.exp(logp), jnp.exp(logp) / ratio
    return jnp.where(advantage > 0, now - before <= high, before - now <= low)


def diverged(ratio, logp, advantage, low, high):
    """dppo's mask for the divergence of this token and all others."""
    now, before = jnp.exp(logp), jnp.exp(logp) / ratio
    divergence = before * jnp.log(before / now) + (1 - before) * jnp.log((1 - before) / (1 - now))
    return jnp.where(advantage > 0, (now <= before) | (divergence <= high), (now >= before) | (divergence <= low))


def gamma_weight(ratio, advantage):
    """s^k e^{λ (1 − s)} of the paper's (2, 3) for good completions, (3, 2) for bad ones."""
    return jnp.where(advantage > 0, ratio**2 * jnp.exp(3 * (1 - ratio)), ratio**3 * jnp.exp(2 * (1 - ratio)))


class Paper(NamedTuple):
    """A method: its advantages, J of (ratio, log π, A) as the paper writes it, its weights and its filter at
    ratio 1."""

    method: Callable[..., Any]
    advantages: np.ndarray
    objective: Callable
    weights: Any
    factors: Any = 1.0


OF_COMPLETIONS, OF_MEANS, OF_TOKENS = 1 / B, 1 / (B * L), 1 / MASK.sum()

# By these, every term is tried
PAPERS = {
    "reinforce": Paper(
        sim.methods.Reinforce,
        REWARDS,
        lambda ratio, logp, A: jnp.sum(A * logp) / B,
        OF_COMPLETIONS,
    ),
    "rloo": Paper(
        sim.methods.RLOO,
        LEAVE_ONE_OUT,
        lambda ratio, logp, A: jnp.sum(A * logp) / B,
        OF_COMPLETIONS,
    ),
    "grpo": Paper(
        lambda **terms: sim.methods.GRPO(clip_low=0.2, clip_high=0.3, **terms),
        Z_SCORE,
        lambda ratio, logp, A: mean_of_means(clipped(ratio, A, 0.2, 0.3)),
        OF_MEANS,
    ),
    "dr_grpo": Paper(
        sim.methods.DrGRPO,
        CENTRED,
        lambda ratio, logp, A: jnp.sum(MASK * clipped(ratio, A, 0.2, 0.2)) / (B * T),
        1 / (B * T),
    ),
    "dapo": Paper(
        sim.methods.DAPO,
        Z_SCORE,
        lambda ratio, logp, A: token_mean(clipped(ratio, A, 0.2, 0.28)),
        OF_TOKENS,
    ),
    "gspo": Paper(
        lambda **terms: sim.methods.GSPO(clip_low=0.1, clip_high=0.1, **terms),
        Z_SCORE,
        lambda ratio, logp, A: per_completion(clipped(geometric_mean(ratio), A, 0.1, 0.1)),
        OF_MEANS,
    ),
    "cispo": Paper(
        lambda **terms: sim.methods.CISPO(cap=1.2, **terms),
        Z_SCORE,
        lambda ratio, logp, A: token_mean(held(jnp.minimum(ratio, 1.2)) * A * logp),
        OF_TOKENS,
    ),
}

# By these, what they are without a term
MORE_PAPERS = {
    "remax": Paper(
        sim.methods.ReMax,
        REWARDS - GREEDY[:, None],
        lambda ratio, logp, A: jnp.sum(A * logp) / B,
        OF_COMPLETIONS,
    ),
    "opo": Paper(
        sim.methods.OPO,
        REWARDS - MEAN_OF_TOKENS,
        lambda ratio, logp, A: jnp.sum(A * logp) / B,
        OF_COMPLETIONS,
    ),
    "gpg": Paper(
        lambda **terms: sim.methods.GPG(norm=0.5, **terms),
        8 / 8 * CENTRED / 0.5,  # the rewards of both groups differ
        lambda ratio, logp, A: token_mean(A * logp),
        OF_TOKENS,
    ),
    "reinforce_plus_plus": Paper(
        sim.methods.ReinforcePlusPlus,
        whitened(REWARDS),
        lambda ratio, logp, A: token_mean(clipped(ratio, A, 0.2, 0.2)),
        OF_TOKENS,
    ),
    "reinforce_plus_plus_baseline": Paper(
        sim.methods.ReinforcePlusPlusBaseline,
        whitened(CENTRED),
        lambda ratio, logp, A: token_mean(clipped(ratio, A, 0.2, 0.2)),
        OF_TOKENS,
    ),
    "loop": Paper(
        sim.methods.LOOP,
        LEAVE_ONE_OUT,
        lambda ratio, logp, A: token_mean(jnp.minimum(ratio * A, jnp.clip(ratio, 1 / 1.1, 1.1) * A)),
        OF_TOKENS,
    ),
    "maxrl": Paper(
        sim.methods.MaxRL,
        CENTRED / (MEAN + 1e-6),
        lambda ratio, logp, A: token_mean(clipped(ratio, A, 0.2, 0.2)),
        OF_TOKENS,
    ),
    "grpo_passk": Paper(
        sim.methods.GRPOPassK,
        BEST,
        lambda ratio, logp, A: mean_of_means(clipped(ratio, A, 0.2, 0.2)),
        OF_MEANS,
    ),
    "gdpo": Paper(
        sim.methods.GDPO,
        (Z_SCORE - Z_SCORE.mean()) / (Z_SCORE.std(ddof=1) + 1e-6),
        lambda ratio, logp, A: mean_of_means(clipped(ratio, A, 0.2, 0.2)),
        OF_MEANS,
    ),
    "cppo": Paper(
        lambda **terms: sim.methods.CPPO(threshold=0.5, **terms),
        Z_SCORE,
        lambda ratio, logp, A: mean_of_means((jnp.abs(A) > 0.5) * clipped(ratio, A, 0.2, 0.2)),
        OF_MEANS,
        factors=(np.abs(Z_SCORE) > 0.5)[..., None],
    ),
    "deepseek_v32": Paper(
        lambda **terms: sim.methods.DeepSeekV32(clip_low=0.4, clip_high=0.3, threshold=0.1, **terms),
        CENTRED,
        # what stands in the mask's logarithm is π_behavior / π: the inverse of the completion's mean ratio
        lambda ratio, logp, A: mean_of_means(
            ((A >= 0) | (held(-jnp.log(geometric_mean(ratio))) <= 0.1)) * clipped(ratio, A, 0.4, 0.3)
        ),
        OF_MEANS,
    ),
    "gtpo": Paper(
        lambda **terms: sim.methods.GTPO(**({"gamma": 0.3} | terms), most_entropy=1.38),
        CENTRED,
        lambda ratio, logp, A: mean_of_means(CERTAIN * SHARED * (A - 0.3 * MEAN_ENTROPY) * logp),
        OF_MEANS,
        factors=CERTAIN * SHARED,
    ),
    "luspo": Paper(
        lambda **terms: sim.methods.LUSPO(clip_low=0.1, clip_high=0.1, **terms),
        Z_SCORE,
        lambda ratio, logp, A: per_completion(L * clipped(geometric_mean(ratio), A, 0.1, 0.1)),
        OF_COMPLETIONS,
    ),
    "gcpo": Paper(
        sim.methods.GCPO,
        Z_SCORE,
        lambda ratio, logp, A: per_completion(clipped(whole(ratio), A, 0.2, 0.2)),
        OF_COMPLETIONS,
    ),
    "gmpo": Paper(
        lambda **terms: sim.methods.GMPO(clip_low=0.2, clip_high=0.3, **terms),
        Z_SCORE,
        lambda ratio, logp, A: per_completion(A * clipped_mean(ratio, A, 0.2, 0.3)),
        OF_MEANS,
    ),
    "gppo": Paper(
        sim.methods.GPPO,
        Z_SCORE,
        lambda ratio, logp, A: token_mean(
            held(jnp.where(A > 0, jnp.minimum(ratio, 1.28), jnp.maximum(ratio, 0.8))) * A * logp
        ),
        OF_TOKENS,
    ),
    "abc_grpo": Paper(
        lambda **terms: sim.methods.ABCGRPO(clip_low=0.2, clip_high=0.3, negative_low=0.15, negative_high=0.1, **terms),
        Z_SCORE,
        lambda ratio, logp, A: mean_of_means(
            jnp.where(A > 0, jnp.clip(ratio, 0.8, 1.3), jnp.clip(ratio, 0.85, 1.1)) * A
        ),
        OF_MEANS,
    ),
    "topr": Paper(
        lambda **terms: sim.methods.TOPR(cap=0.9, **terms),
        REWARDS,
        lambda ratio, logp, A: per_completion(
            held(jnp.where(A < 0, jnp.minimum(whole(ratio), 0.9), 1.0)) * A * jnp.sum(logp, axis=-1, keepdims=True)
        ),
        OF_COMPLETIONS,
        factors=np.where(REWARDS < 0, 0.9, 1.0)[..., None],  # a cap below 1 holds at ratio 1 too
    ),
    "sapo": Paper(
        sim.methods.SAPO,
        Z_SCORE,
        lambda ratio, logp, A: mean_of_means(
            A * jnp.where(A > 0, 4 * jax.nn.sigmoid(ratio - 1), 4 / 1.05 * jax.nn.sigmoid(1.05 * (ratio - 1)))
        ),
        OF_MEANS,
    ),
    "vespo": Paper(
        sim.methods.VESPO,
        Z_SCORE,
        lambda ratio, logp, A: token_mean(held(gamma_weight(whole(ratio), A)) * A * logp),
        OF_TOKENS,
    ),
    "dppo": Paper(
        lambda **terms: sim.methods.DPPO(low=0.1, high=0.06, cap=1.5, **terms),
        CENTRED,
        lambda ratio, logp, A: token_mean(held(jnp.minimum(ratio, 1.5) * moved(ratio, logp, A, 0.1, 0.06)) * A * logp),
        OF_TOKENS,
    ),
    "dppo by divergence": Paper(
        lambda **terms: sim.methods.DPPO(divergence="kl", low=0.05, high=0.01, cap=1.5, **terms),
        CENTRED,
        lambda ratio, logp, A: token_mean(
            held(jnp.minimum(ratio, 1.5) * diverged(ratio, logp, A, 0.05, 0.01)) * A * logp
        ),
        OF_TOKENS,
    ),
    "opmd": Paper(
        lambda **terms: sim.methods.OPMD(coef=0.4, **terms),
        CENTRED,
        lambda ratio, logp, A: per_completion(A * jnp.log(whole(ratio)) - 0.4 / 2 * jnp.log(whole(ratio)) ** 2),
        OF_COMPLETIONS,
    ),
    "dro": Paper(
        lambda **terms: sim.methods.DRO(coef=0.4, **terms),
        Z_SCORE,
        lambda ratio, logp, A: token_mean(A * jnp.log(ratio) - 0.4 / 2 * jnp.log(ratio) ** 2),
        OF_TOKENS,
    ),
}
EVERY_PAPER = PAPERS | MORE_PAPERS


class Seen(NamedTuple):
    """What a term sees: of the token that was said (policy, reference), of all tokens (both), the token's ratio."""

    logp: Any
    ref: Any
    every: Any
    every_ref: Any
    ratio: Any

    @property
    def entropy(self):
        return -jnp.sum(jnp.exp(self.every) * self.every, axis=-1)


def k1(seen):
    return seen.logp - seen.ref


def k2(seen):
    return (seen.logp - seen.ref) ** 2 / 2


def k3(seen):
    return jnp.exp(seen.ref - seen.logp) - (seen.ref - seen.logp) - 1


def with_the_slope_of_k2(value):
    return lambda seen: held(value(seen) - k2(seen)) + k2(seen)


def exact(seen):
    return jnp.sum(jnp.exp(seen.every) * (seen.every - seen.every_ref), axis=-1)


def mean_entropy_as_a_reward(seen):
    return held(jnp.sum(MASK * seen.entropy, axis=-1, keepdims=True) / L) * seen.logp


def penalty(estimator, value, **options):
    return {"kl": KL(coef=0.3, estimator=estimator, **options)}, lambda seen: -0.3 * value(seen), None


# name -> (the method's terms, what they add to the objective at each token, its weights if not the method's)
TERMS = {
    "plain": ({}, None, None),
    "k1": penalty("k1", k1),
    "abs": penalty("abs", lambda seen: jnp.abs(k1(seen))),
    "k2": penalty("k2", k2),
    "k3": penalty("k3", k3),
    "k1+": penalty("k1+", with_the_slope_of_k2(k1)),
    "k3+": penalty("k3+", with_the_slope_of_k2(k3)),
    "exact": penalty("exact", exact),
    "bounded k3": penalty("k3", k3, bounded=True),  # no estimate here is near the bounds
    "weighted k3": penalty("k3", lambda seen: seen.ratio * k3(seen), weighted="token"),
    "sequence-weighted k3": penalty("k3", lambda seen: geometric_mean(seen.ratio) * k3(seen), weighted="sequence"),
    "weighted exact": penalty("exact", lambda seen: seen.ratio * exact(seen), weighted="token"),
    "entropy and k2": (
        {"entropy": Entropy(coef=0.1), "kl": KL(coef=0.3, estimator="k2")},
        lambda seen: 0.1 * seen.entropy - 0.3 * k2(seen),
        None,
    ),
    "entropy of all tokens": (
        {"entropy": Entropy(coef=0.1, weights="token_mean")},
        lambda seen: 0.1 * seen.entropy,
        OF_TOKENS,
    ),
    "entropy as a reward": (
        {"entropy": Entropy(coef=-0.1, gradient="score")},
        lambda seen: -0.1 * mean_entropy_as_a_reward(seen),
        None,
    ),
}
CASES = [(name, terms) for name in ("grpo", "gspo") for terms in TERMS]
CASES += [(name, "plain") for name in EVERY_PAPER if name not in ("grpo", "gspo")] + [("deepseek_v32", "weighted k3")]


def written_out(name, terms, logits, behavior=BEHAVIOR_LOGITS):
    """J(θ) of a method as its paper writes it, plus its terms with the tokens' weights."""
    paper = EVERY_PAPER[name]
    every, every_ref = jax.nn.log_softmax(logits)[ROWS], jax.nn.log_softmax(jnp.asarray(REFERENCE_LOGITS))[ROWS]
    said = (*np.indices(MASK.shape), TOKENS)
    logp = jnp.where(MASK, every[said], 0.0)
    ratio = jnp.exp(jnp.where(MASK, logp - jax.nn.log_softmax(jnp.asarray(behavior))[ROWS][said], 0.0))
    value = paper.objective(ratio, logp, jnp.asarray(paper.advantages)[..., None])
    _, extra, own_weights = TERMS[terms]
    if extra is not None:
        weights = paper.weights if own_weights is None else own_weights
        value += jnp.sum(MASK * weights * extra(Seen(logp, every_ref[said], every, every_ref, ratio)))
    return value


def pushed(surrogate, batch):
    """The gradient by the logits, the way that the loop takes it."""
    return softmax_pullback(batch.log_probs, surrogate.row_push(batch, surrogate.token_push(batch)))


@pytest.mark.long
@pytest.mark.parametrize(("name", "terms"), CASES)
def test_off_policy_the_push_is_the_gradient_of_the_papers_objective(name, terms):
    paper = EVERY_PAPER[name]
    surrogate = paper.method(**TERMS[terms][0]).surrogate()
    batch = minibatch(np.asarray(surrogate.advantages(rollout())))
    np.testing.assert_allclose(batch.advantages, paper.advantages, rtol=1e-12, atol=1e-15)
    value, gradient = jax.value_and_grad(lambda logits: written_out(name, terms, logits))(jnp.asarray(LOGITS))
    np.testing.assert_allclose(surrogate.objective(batch), value, rtol=1e-11)
    np.testing.assert_allclose(pushed(surrogate, batch), gradient, atol=1e-14)


def test_every_named_method_is_written_out():
    assert {paper.method().name for paper in EVERY_PAPER.values()} == set(sim.METHODS.members) - {"custom"}


BOTH_SIDES = ["grpo", "dr_grpo", "dapo", "gspo", "reinforce_plus_plus", "reinforce_plus_plus_baseline", "loop", "maxrl"]
BOTH_SIDES += ["gdpo", "cppo", "luspo", "gcpo", "gmpo", "abc_grpo", "dppo", "dppo by divergence"]


@pytest.mark.parametrize("name", BOTH_SIDES)
def test_the_off_policy_batch_has_clipped_and_unclipped_tokens(name):
    surrogate, batch = EVERY_PAPER[name].method().surrogate(), minibatch(EVERY_PAPER[name].advantages)
    low, high, _ = surrogate.clipped(batch)
    for cut in (low, high):
        assert 0 < np.sum(cut & MASK) < MASK.sum()


@pytest.mark.parametrize("name", ["cppo", "deepseek_v32", "gtpo"])
def test_the_filter_leaves_some_tokens_of_the_off_policy_batch_out(name):
    surrogate, batch = EVERY_PAPER[name].method().surrogate(), minibatch(EVERY_PAPER[name].advantages)
    low, high, _ = surrogate.clipped(batch) or 3 * (np.zeros(MASK.shape, dtype=bool),)
    left_out = MASK & ~(low | high) & (np.asarray(surrogate.weights(batch)) == 0)
    assert 0 < np.sum(left_out) < MASK.sum()


@pytest.mark.parametrize("name", EVERY_PAPER)
def test_at_ratio_one_every_method_is_reinforce_with_its_own_advantage_and_weights(name):
    _, advantages, _, weights, factors = paper = EVERY_PAPER[name]
    own = {"gamma": 0.0} if name == "gtpo" else {}  # its certainty is a second push, not a weight
    surrogate, batch = paper.method(**own).surrogate(), minibatch(advantages, behavior=LOGITS)

    # Σ_it ω_it A_i ∇ log π(o_it), where ∂ log π(v) / ∂ θ_u = 1{u = v} − π(u)
    policy, expected = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True), np.zeros_like(LOGITS)
    omega = np.broadcast_to(weights * factors, MASK.shape)
    for p, i, t in np.argwhere(MASK):
        row, token = ROWS[p, i, t], TOKENS[p, i, t]
        expected[row] += omega[p, i, t] * advantages[p, i] * (np.eye(LOGITS.shape[1])[token] - policy[row])
    np.testing.assert_allclose(pushed(surrogate, batch), expected, atol=1e-14)


def test_every_estimator_is_tested():
    assert set(get_args(get_type_hints(KL)["estimator"])) <= set(TERMS)
