"""Gates: values by hand, and the score weight as the derivative of the objective by the log-probability."""

from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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

pytestmark = pytest.mark.usefixtures("strict_promotion")

GATES = [
    Score(),
    Clip(clip_low=0.2, clip_high=0.2),
    Clip(clip_low=0.2, clip_high=0.28),
    Clip(clip_low=0.0, clip_high=0.0),
    Clip(clip_low=0.2, clip_high=0.2, dual=3.0),
    TruncatedWeight(cap=5.0),
    TruncatedWeight(cap=1.1),
    TruncatedWeight(cap=1.2, floor=0.8),
    Ratio(),
    TwoSidedClip(clip_low=0.2, clip_high=0.28),
    TwoSidedClip(clip_low=0.2, clip_high=0.28, negative_low=0.45, negative_high=1.1),
    BoundedClip(clip_low=0.2, clip_high=0.28),
    TaperedWeight(cap=1.0),
    TaperedWeight(cap=2.0),
    Sigmoid(),
    Sigmoid(temperature_pos=0.5, temperature_neg=3.0),
    GammaWeight(),
    GammaWeight(k_pos=1.0, lambda_pos=0.5, k_neg=0.0, lambda_neg=2.0),
    Difference(divergence="tv", low=0.05, high=0.1, cap=3.0),
    Difference(divergence="kl", low=0.01, high=0.02),
    Restoring(coef=0.1),
]
# ratios below, in and above every band and bound above, none of them on an edge
RATIOS = [0.01, 0.5, 0.79, 0.81, 0.95, 1.05, 1.19, 1.21, 1.27, 1.29, 2.0, 2.9, 3.1, 4.9, 5.1, 50.0]
ADVANTAGES = [-2.0, -0.5, 0.0, 0.5, 2.0]


def grid(ratios, advantages):
    """Every ratio with every advantage: log-ratios `[P, G, T]`, log-probabilities of tokens that the behavior policy says
    with probability 0.02, advantages `[P, G, 1]`; P is the latter, T the former."""
    log_ratio = jnp.broadcast_to(jnp.log(jnp.array(ratios)), (len(advantages), 1, len(ratios)))
    return log_ratio, log_ratio + jnp.log(0.02), jnp.array(advantages)[:, None, None]


def one(gate, ratio, advantage):
    return gate.objective(*grid([ratio], [advantage])).item()


def test_every_gate_is_tested():
    assert {type(gate) for gate in GATES} == set(get_args(get_args(Gate)[0]))


@pytest.mark.parametrize("gate", GATES, ids=repr)
def test_the_score_weight_is_the_derivative_of_the_objective(gate):
    log_ratio, logprobs, advantages = grid(RATIOS, ADVANTAGES)
    behavior = logprobs - log_ratio
    slope = jax.grad(lambda logprobs: jnp.sum(gate.objective(logprobs - behavior, logprobs, advantages)))(logprobs)
    np.testing.assert_allclose(gate.score_weight(log_ratio, logprobs, advantages), slope, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("gate", GATES, ids=repr)
def test_at_ratio_one_every_gate_pushes_with_the_advantage(gate):
    np.testing.assert_array_equal(gate.score_weight(*grid([1.0], ADVANTAGES))[:, 0, 0], ADVANTAGES)


@pytest.mark.parametrize("gate", GATES, ids=repr)
@pytest.mark.parametrize("log_ratio", [-20.0, 20.0])
def test_an_extreme_ratio_stays_finite(gate, log_ratio):
    log_ratios, advantages = jnp.full((5, 1, 1), log_ratio), jnp.array(ADVANTAGES)[:, None, None]
    for logprobs in (jnp.minimum(log_ratios, 0.0), log_ratios - 20.0 - 1e-6):  # said by the one policy, or by the other
        slope = jax.grad(lambda log_ratio, logprobs=logprobs: jnp.sum(gate.objective(log_ratio, logprobs, advantages)))
        assert np.all(np.isfinite(gate.objective(log_ratios, logprobs, advantages)))
        assert np.all(np.isfinite(gate.score_weight(log_ratios, logprobs, advantages)))
        assert np.all(np.isfinite(slope(log_ratios)))


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective"),
    [
        (1.5, 2.0, 2.4),  # min(1.5 · 2, 1.2 · 2): cut from above
        (1.5, -2.0, -3.0),  # min(−3, −2.4): the worse of the two, not cut
        (0.5, 2.0, 1.0),  # min(1, 1.6): not cut
        (0.5, -2.0, -1.6),  # min(−1, −1.6): cut from below
        (1.1, 2.0, 2.2),  # inside
        (0.9, -2.0, -1.8),
    ],
)
def test_the_clip_takes_the_worse_of_clipped_and_unclipped(ratio, advantage, objective):
    assert one(Clip(clip_low=0.2, clip_high=0.2), ratio, advantage) == pytest.approx(objective, rel=1e-14)


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective"),
    [
        (5.0, -1.0, -3.0),  # max(−5, 3 · −1): the dual bound
        (2.9, -1.0, -2.9),  # below the dual bound
        (5.0, 1.0, 1.2),  # A > 0 knows the clip alone
        (0.5, -1.0, -0.8),  # max(−0.8, −3)
    ],
)
def test_the_dual_bound_limits_the_loss_of_a_bad_completion(ratio, advantage, objective):
    assert one(Clip(clip_low=0.2, clip_high=0.2, dual=3.0), ratio, advantage) == pytest.approx(objective, rel=1e-14)


@pytest.mark.parametrize(
    ("ratio", "advantage", "flags"),
    [
        (0.7, -1.0, (True, False, False)),  # pushed down far enough
        (0.7, 1.0, (False, False, False)),  # pushed back up
        (1.3, 1.0, (False, True, False)),  # pushed up far enough
        (1.3, -1.0, (False, False, False)),  # pushed back down
        (3.5, -1.0, (False, False, True)),  # too far up to be pushed down
        (3.5, 1.0, (False, True, False)),
        (0.7, 0.0, (False, False, False)),  # nothing to cut
        (3.5, 0.0, (False, False, False)),
        (1.0, 1.0, (False, False, False)),
    ],
)
def test_clipped_reads_the_sign_of_the_advantage(ratio, advantage, flags):
    found = Clip(clip_low=0.2, clip_high=0.2, dual=3.0).clipped(*grid([ratio], [advantage]))
    assert tuple(flag.item() for flag in found) == flags


@pytest.mark.parametrize("gate", GATES, ids=repr)
def test_what_is_clipped_is_not_pushed_and_what_is_pushed_is_not_clipped(gate):
    values = grid(RATIOS, [-2.0, -0.5, 0.5, 2.0])
    low, high, dual = gate.clipped(*values) if gate.cuts else 3 * (np.zeros(values[0].shape, dtype=bool),)
    np.testing.assert_array_equal(low | high | dual, gate.score_weight(*values) == 0)


def test_without_a_dual_bound_no_token_is_cut_by_it():
    _, _, dual = Clip().clipped(*grid(RATIOS, ADVANTAGES))
    assert not np.any(dual)


def test_the_truncated_weight_never_silences_a_token():
    weight = TruncatedWeight(cap=5.0).score_weight(*grid([0.5, 4.0, 6.0, 600.0], [-2.0, 2.0]))
    np.testing.assert_allclose(weight[1, 0], [1.0, 8.0, 10.0, 10.0], rtol=1e-12)  # 2 · min(ρ, 5)
    np.testing.assert_allclose(weight[0, 0], [-1.0, -8.0, -10.0, -10.0], rtol=1e-12)


def test_the_score_does_not_look_at_the_ratio():
    log_ratio, logprobs, advantages = grid(RATIOS, ADVANTAGES)
    expected = np.broadcast_to(advantages, log_ratio.shape)
    np.testing.assert_array_equal(Score().score_weight(log_ratio, logprobs, advantages), expected)
