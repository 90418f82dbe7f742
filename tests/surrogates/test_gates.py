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
    """Every ratio with every advantage: log-ratios `[P, G, T]`, log-probabilities of tokens that the behavior policy
    says with probability 0.02, advantages `[P, G, 1]`; P is the latter, T the former."""
    log_ratio = jnp.broadcast_to(jnp.log(jnp.array(ratios)), (len(advantages), 1, len(ratios)))
    return log_ratio, log_ratio + jnp.log(0.02), jnp.array(advantages)[:, None, None]


def one(gate, ratio, advantage):
    return gate.objective(*grid([ratio], [advantage])).item()


def test_every_gate_is_tested():
    assert {type(gate) for gate in GATES} == set(get_args(Gate)[1].members.values())


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


# Closed forms

FAR = np.array([0.01, 0.3, 0.9, 1.0, 1.1, 2.0, 7.0])


def weights(gate, ratios, advantages):
    """The score weights, one row for each advantage."""
    return gate.score_weight(*grid(ratios, advantages))[:, 0]


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [
        (0.7, 1.0, (0.7, 0.0)),  # the way back into the band is open in PPO's clip, shut in the two-sided one
        (0.7, -1.0, (0.0, 0.0)),
        (1.3, 1.0, (0.0, 0.0)),
        (1.3, -1.0, (-1.3, 0.0)),
        (0.9, 1.0, (0.9, 0.9)),  # within the band they are one
        (0.9, -1.0, (-0.9, -0.9)),
        (1.1, 1.0, (1.1, 1.1)),
        (1.1, -1.0, (-1.1, -1.1)),
    ],
)
def test_the_two_sided_clip_is_silent_in_all_four_quadrants_outside_the_band(ratio, advantage, expected):
    found = [weights(gate, [ratio], [advantage]).item() for gate in (Clip(), TwoSidedClip())]
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


def test_the_two_sided_clip_is_constant_outside_the_bounds_of_its_sign():
    gate = TwoSidedClip(clip_low=0.2, clip_high=0.28, negative_low=0.45, negative_high=1.1)
    for ratio, good, bad in [(0.3, 0.8, -0.55), (0.7, 0.8, -0.7), (1.2, 1.2, -1.2), (1.5, 1.28, -1.5), (9, 1.28, -2.1)]:
        assert (one(gate, ratio, 1.0), one(gate, ratio, -1.0)) == pytest.approx((good, bad), rel=1e-14)


@pytest.mark.parametrize(
    ("ratio", "advantage", "weight"),
    [
        (1.5, 2.0, 2.56),  # held at 1.28
        (0.5, 2.0, 1.0),
        (0.5, -2.0, -1.6),  # held at 0.8
        (1.5, -2.0, -3.0),
        (1.1, 2.0, 2.2),
        (0.9, -2.0, -1.8),
    ],
)
def test_the_bounded_clip_keeps_the_push_that_it_has_at_the_bound(ratio, advantage, weight):
    gate = BoundedClip(clip_low=0.2, clip_high=0.28)
    assert weights(gate, [ratio], [advantage]).item() == pytest.approx(weight, rel=1e-14)


def test_the_tapered_weight_looks_at_the_ratio_of_bad_completions_alone():
    found = weights(TaperedWeight(cap=1.0), [0.1, 1.0, 3.0], [2.0, -2.0])
    np.testing.assert_allclose(found, [[2.0, 2.0, 2.0], [-0.2, -2.0, -2.0]], rtol=1e-14)


def test_the_truncated_weight_may_have_a_floor():
    found = weights(TruncatedWeight(cap=1.2, floor=0.8), [0.1, 1.0, 3.0], [2.0])
    np.testing.assert_allclose(found, [[1.6, 2.0, 2.4]], rtol=1e-14)


def test_the_sigmoid_fades_with_the_distance_of_the_ratio_from_one():
    gate = Sigmoid(temperature_pos=0.5, temperature_neg=3.0)
    for advantage, temperature in ((2.0, 0.5), (-2.0, 3.0)):
        p, q = 1 / (1 + np.exp(-temperature * (FAR - 1))), 1 / (1 + np.exp(temperature * (FAR - 1)))  # q = 1 − p
        np.testing.assert_allclose(weights(gate, FAR, [advantage])[0], 4 * p * q * FAR * advantage, rtol=1e-12)
        objective = gate.objective(*grid(FAR, [advantage]))[0, 0]
        np.testing.assert_allclose(objective, 4 / temperature * p * advantage, rtol=1e-12)


def test_the_sigmoid_by_hand():
    # ρ = 2, τ = 1: p = σ(1) = 0.7310586, 4 p (1 − p) = 0.7864477
    assert weights(Sigmoid(), [2.0], [1.0]).item() == pytest.approx(2 * 0.7864477, abs=1e-6)
    assert one(Sigmoid(), 2.0, 1.0) == pytest.approx(4 * 0.7310586, abs=1e-6)


def test_the_gamma_weight_is_one_at_ratio_one_and_largest_at_its_mode():
    gate = GammaWeight(k_pos=2.0, lambda_pos=3.0, k_neg=3.0, lambda_neg=2.0)
    for advantage, k, rate in ((1.0, 2.0, 3.0), (-1.0, 3.0, 2.0)):
        found = np.abs(weights(gate, FAR, [advantage])[0])
        np.testing.assert_allclose(np.log(found), k * np.log(FAR) - rate * FAR + rate, rtol=1e-12, atol=1e-14)
        around = np.abs(weights(gate, [0.99 * k / rate, k / rate, 1.01 * k / rate], [advantage])[0])
        assert np.argmax(around) == 1


def test_the_gamma_weight_of_a_vanished_ratio_is_that_of_1e_8():
    found = weights(GammaWeight(), [1e-12, 1e-8], [1.0])[0]
    np.testing.assert_allclose(found, [1e-16 * np.exp(3), 1e-16 * np.exp(3)], rtol=1e-6)


def test_the_restoring_gate_is_a_parabola_in_the_log_ratio():
    gate, ratios = Restoring(coef=0.5), np.exp([-2.0, 0.0, 2.0, 4.0])
    np.testing.assert_allclose(weights(gate, ratios, [1.0])[0], [2.0, 1.0, 0.0, -1.0], atol=1e-14)  # at rest at A/coef
    np.testing.assert_allclose(gate.objective(*grid(ratios, [1.0]))[0, 0], [-3.0, 0.0, 1.0, 0.0], atol=1e-14)


def said(gate, before, now, advantage):
    """The score weight of a token that had the probability `before` and has `now`."""
    log_ratio, logprobs = jnp.full((1, 1, 1), np.log(now / before)), jnp.full((1, 1, 1), np.log(now))
    return gate.score_weight(log_ratio, logprobs, jnp.full((1, 1, 1), advantage)).item()


@pytest.mark.parametrize(
    ("before", "now", "advantage", "weight"),
    [
        (0.30, 0.45, 1.0, 1.5),  # 0.15 up
        (0.30, 0.55, 1.0, 0.0),  # 0.25 up: too far
        (0.30, 0.60, -1.0, -2.0),  # too far up to be pushed up, not to be pushed down
        (0.30, 0.15, -1.0, -0.5),
        (0.30, 0.05, -1.0, 0.0),  # 0.25 down: too far
        (0.30, 0.05, 1.0, 1 / 6),
        (0.01, 0.15, 1.0, 15.0),  # a rare token may move by a large factor
        (0.005, 0.20, 1.0, 20.0),  # which is held at 20
    ],
)
def test_the_difference_of_probabilities_by_hand(before, now, advantage, weight):
    gate = Difference(divergence="tv", low=0.2, high=0.2)
    assert said(gate, before, now, advantage) == pytest.approx(weight, rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("before", "now", "divergence"),
    [
        (0.50, 0.75, 0.143841),  # ½ log(0.5/0.75) + ½ log(0.5/0.25)
        (0.50, 0.25, 0.143841),
        (0.20, 0.50, 0.192745),  # 0.2 log 0.4 + 0.8 log 1.6; the other way round it is 0.223144
        (0.01, 0.02, 0.003119),  # 0.01 log ½ + 0.99 log(0.99/0.98)
        (0.02, 0.01, 0.003914),  # 0.02 log 2 + 0.98 log(0.98/0.99)
    ],
)
def test_the_divergence_of_a_token_and_all_others_by_hand(before, now, divergence):
    outwards = 1.0 if now > before else -1.0
    for radius, inside in ((divergence - 2e-6, False), (divergence + 2e-6, True)):
        gate = Difference(divergence="kl", low=radius, high=radius)
        weight = outwards * now / before
        assert said(gate, before, now, outwards) == pytest.approx(weight if inside else 0.0, rel=1e-12, abs=0)
        assert said(gate, before, now, -outwards) == pytest.approx(-weight, rel=1e-12)


@pytest.mark.parametrize("divergence", ["tv", "kl"])
def test_each_direction_has_its_own_radius(divergence):
    gate = Difference(divergence=divergence, low=0.0, high=1.0)
    assert (said(gate, 0.3, 0.4, 1.0) > 0, said(gate, 0.4, 0.3, -1.0)) == (True, 0.0)
    gate = Difference(divergence=divergence, low=1.0, high=0.0)
    assert (said(gate, 0.3, 0.4, 1.0), said(gate, 0.4, 0.3, -1.0) < 0) == (0.0, True)
