"""The product: each method's push is the gradient of its objective as the paper writes it, by jax's autodiff."""

from typing import get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.methods.cispo import CISPO
from simulator.methods.dapo import DAPO
from simulator.methods.dr_grpo import DrGRPO
from simulator.methods.grpo import GRPO
from simulator.methods.gspo import GSPO
from simulator.methods.reinforce import Reinforce
from simulator.methods.rloo import RLOO
from simulator.surrogates.base import softmax_pullback
from simulator.surrogates.regularizers import KL, Entropy
from tests.surrogates.batches import (
    BEHAVIOR_LOGITS,
    LOGITS,
    MASK,
    REFERENCE_LOGITS,
    REWARDS,
    ROWS,
    TOKENS,
    minibatch,
    rollout,
)

B, G, T = 7, 4, 4  # completions that have tokens, group size, longest completion
L = np.maximum(MASK.sum(-1, keepdims=True), 1)

CENTRED = REWARDS - REWARDS.mean(axis=1, keepdims=True)
Z_SCORE = CENTRED / (REWARDS.std(axis=1, ddof=1, keepdims=True) + 1e-6)
LEAVE_ONE_OUT = REWARDS - (REWARDS.sum(axis=1, keepdims=True) - REWARDS) / (G - 1)


def clipped(ratio, advantage, low, high):
    return jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - low, 1 + high) * advantage)


# name -> (method, advantages, J of (ratio, log π, A) as the paper writes it, its weights at ratio 1)
PAPERS = {
    "reinforce": (
        Reinforce,
        REWARDS,
        lambda ratio, logp, A: jnp.sum(A * logp) / B,
        1 / B,
    ),
    "rloo": (
        RLOO,
        LEAVE_ONE_OUT,
        lambda ratio, logp, A: jnp.sum(A * logp) / B,
        1 / B,
    ),
    "grpo": (
        lambda **terms: GRPO(clip_low=0.2, clip_high=0.3, **terms),
        Z_SCORE,
        lambda ratio, logp, A: jnp.sum(MASK * clipped(ratio, A, 0.2, 0.3) / L) / B,
        1 / (B * L),
    ),
    "dr_grpo": (
        DrGRPO,
        CENTRED,
        lambda ratio, logp, A: jnp.sum(MASK * clipped(ratio, A, 0.2, 0.2)) / (B * T),
        1 / (B * T),
    ),
    "dapo": (
        DAPO,
        Z_SCORE,
        lambda ratio, logp, A: jnp.sum(MASK * clipped(ratio, A, 0.2, 0.28)) / MASK.sum(),
        1 / MASK.sum(),
    ),
    "gspo": (
        lambda **terms: GSPO(clip_low=0.1, clip_high=0.1, **terms),
        Z_SCORE,
        # (1/B) Σ_i min( s_i A_i, clip(s_i) A_i ),  s_i = ( Π_t ρ_it )^(1/L_i), over completions that have tokens
        lambda ratio, logp, A: (
            jnp.sum(MASK.any(-1) * clipped(jnp.prod(ratio, axis=-1) ** (1 / L[..., 0]), A[..., 0], 0.1, 0.1)) / B
        ),
        1 / (B * L),
    ),
    "cispo": (
        lambda **terms: CISPO(cap=1.2, **terms),
        Z_SCORE,
        lambda ratio, logp, A: jnp.sum(jax.lax.stop_gradient(jnp.minimum(ratio, 1.2)) * A * logp) / MASK.sum(),
        1 / MASK.sum(),
    ),
}

# name -> (the method's terms, what they add to the objective at each token)
TERMS = {
    "plain": ({}, None),
    "k1": ({"kl": KL(coef=0.3, estimator="k1")}, lambda logp, ref, every, every_ref: -0.3 * (logp - ref)),
    "k2": ({"kl": KL(coef=0.3, estimator="k2")}, lambda logp, ref, every, every_ref: -0.3 * (logp - ref) ** 2 / 2),
    "k3": (
        {"kl": KL(coef=0.3, estimator="k3")},
        lambda logp, ref, every, every_ref: -0.3 * (jnp.exp(ref - logp) - (ref - logp) - 1),
    ),
    "exact": (
        {"kl": KL(coef=0.3, estimator="exact")},
        lambda logp, ref, every, every_ref: -0.3 * jnp.sum(jnp.exp(every) * (every - every_ref), axis=-1),
    ),
    "entropy and k2": (
        {"entropy": Entropy(coef=0.1), "kl": KL(coef=0.3, estimator="k2")},
        lambda logp, ref, every, every_ref: (
            -0.1 * jnp.sum(jnp.exp(every) * every, axis=-1) - 0.3 * (logp - ref) ** 2 / 2
        ),
    ),
}


def written_out(name, terms, logits, behavior=BEHAVIOR_LOGITS):
    """J(θ) of a method as its paper writes it, plus its terms with the tokens' weights."""
    _, advantages, objective, weights = PAPERS[name]
    every, every_ref = jax.nn.log_softmax(logits)[ROWS], jax.nn.log_softmax(jnp.asarray(REFERENCE_LOGITS))[ROWS]
    said = (*np.indices(MASK.shape), TOKENS)
    logp = jnp.where(MASK, every[said], 0.0)
    ratio = jnp.exp(jnp.where(MASK, logp - jax.nn.log_softmax(jnp.asarray(behavior))[ROWS][said], 0.0))
    value = objective(ratio, logp, jnp.asarray(advantages)[..., None])
    extra = TERMS[terms][1]
    if extra is not None:
        value += jnp.sum(MASK * weights * extra(logp, every_ref[said], every, every_ref))
    return value


def pushed(surrogate, batch):
    """The gradient by the logits, the way that the loop takes it."""
    return softmax_pullback(batch.log_probs, surrogate.row_push(batch, surrogate.token_push(batch)))


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("name", PAPERS)
def test_off_policy_the_push_is_the_gradient_of_the_papers_objective(name, terms):
    method, advantages, _, _ = PAPERS[name]
    surrogate = method(**TERMS[terms][0]).surrogate()
    batch = minibatch(np.asarray(surrogate.advantages(rollout())))
    np.testing.assert_allclose(batch.advantages, advantages, rtol=1e-12)
    value, gradient = jax.value_and_grad(lambda logits: written_out(name, terms, logits))(jnp.asarray(LOGITS))
    np.testing.assert_allclose(surrogate.objective(batch), value, rtol=1e-11)
    np.testing.assert_allclose(pushed(surrogate, batch), gradient, atol=1e-14)


@pytest.mark.parametrize("name", ["grpo", "dr_grpo", "dapo", "gspo"])
def test_the_off_policy_batch_has_clipped_and_unclipped_tokens(name):
    method, advantages, _, _ = PAPERS[name]
    surrogate, batch = method().surrogate(), minibatch(advantages)
    low, high, _ = surrogate.clipped(batch)
    for cut in (low, high):
        assert 0 < np.sum(cut & MASK) < MASK.sum()


@pytest.mark.parametrize("name", PAPERS)
def test_at_ratio_one_every_method_is_reinforce_with_its_own_advantage_and_weights(name):
    method, advantages, _, weights = PAPERS[name]
    surrogate, batch = method().surrogate(), minibatch(advantages, behavior=LOGITS)

    # Σ_it ω_it A_i ∇ log π(o_it), where ∂ log π(v) / ∂ θ_u = 1{u = v} − π(u)
    policy, expected = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True), np.zeros_like(LOGITS)
    omega = np.broadcast_to(weights, MASK.shape)
    for p, i, t in np.argwhere(MASK):
        row, token = ROWS[p, i, t], TOKENS[p, i, t]
        expected[row] += omega[p, i, t] * advantages[p, i] * (np.eye(LOGITS.shape[1])[token] - policy[row])
    np.testing.assert_allclose(pushed(surrogate, batch), expected, atol=1e-14)


def test_every_estimator_is_tested():
    assert set(get_args(get_type_hints(KL)["estimator"])) <= set(TERMS)
