"""Momentum masking, by hand on a few coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from simulator.remedies import mask_momentum

# (gradient, clipped away) of coordinates, and whether less than half of the gradient survived the clip
KEPT = [(1.0, 0.0), (0.0, 0.0), (0.6, 0.4), (0.5, 0.5), (1.0, -0.5), (0.5, -0.5), (-0.6, -0.4)]
LOST = [(0.2, 0.8), (0.0, 0.3), (-0.5, 1.0), (-0.2, -0.8), (0.49, 0.51)]


def sgd(trace, **keywords):
    """Heavy ball with momentum 0.5 at a trace."""
    optimizer = mask_momentum(optax.sgd(0.1, momentum=0.5), **keywords)
    state = optimizer.init(jnp.zeros(len(trace)))
    return optimizer, (optax.TraceState(jnp.asarray(trace)), *state[1:])


@pytest.mark.parametrize(("factor", "expected"), [(0.0, [-0.2, -0.02, 0.05]), (0.5, [-0.2, -0.07, 0.0])])
def test_the_momentum_of_clipped_coordinates_is_scaled_before_the_update(factor, expected):
    optimizer, state = sgd([2.0, 2.0, 2.0], factor=factor)
    grads, clipped = jnp.array([1.0, 0.2, -0.5]), jnp.array([0.0, 0.8, 1.0])
    updates, state = optimizer.update(grads, state, clipped_away=clipped)
    np.testing.assert_allclose(updates, expected, atol=1e-15)  # −0.1 (g + 0.5 · factor · 2)
    np.testing.assert_allclose(state[0].trace, -10 * np.array(expected), atol=1e-14)


@pytest.mark.parametrize(("pairs", "lost"), [(KEPT, False), (LOST, True)])
def test_a_coordinate_is_masked_where_less_than_the_share_survived(pairs, lost):
    grads, clipped = jnp.array(pairs).T
    optimizer, state = sgd(np.ones(len(pairs)))
    updates, _ = optimizer.update(grads, state, clipped_away=clipped)
    np.testing.assert_allclose(updates, -0.1 * (grads + (0.0 if lost else 0.5)), rtol=1e-12)


def test_nothing_clipped_is_untouched_at_any_share():
    optimizer, state = sgd([2.0, 2.0], survived=5.0)
    updates, _ = optimizer.update(jnp.array([1.0, 0.0]), state, clipped_away=jnp.zeros(2))
    np.testing.assert_allclose(updates, [-0.2, -0.1])


@pytest.mark.parametrize("nesterov", [False, True])
def test_it_is_adam_with_the_first_moment_zeroed_by_hand(nesterov):
    adam = optax.adam(0.1, nesterov=nesterov)
    state = adam.init(jnp.zeros(3))
    for gradient in (jnp.array([1.0, -2.0, 3.0]), jnp.array([2.0, 1.0, 3.0])):
        _, state = adam.update(gradient, state)
    grads, clipped = jnp.array([0.1, 0.2, 0.3]), jnp.array([0.9, 0.0, 0.0])
    updates, after = mask_momentum(adam).update(grads, state, clipped_away=clipped)
    by_hand = (state[0]._replace(mu=state[0].mu * jnp.array([0, 1, 1])), *state[1:])
    expected, expected_after = adam.update(grads, by_hand)
    np.testing.assert_array_equal(updates, expected)
    np.testing.assert_array_equal(after[0].mu, expected_after[0].mu)
    np.testing.assert_array_equal(after[0].nu, expected_after[0].nu)
    assert after[0].count == 3


def test_gradients_whose_squares_are_zero_in_float32_are_seen():
    optimizer, state = sgd(np.float32([1.0, 1.0]))
    grads, clipped = jnp.float32([1e-30, 8e-30]), jnp.float32([9e-30, 1e-30])
    updates, _ = optimizer.update(grads, state, clipped_away=clipped)
    np.testing.assert_allclose(updates, [0.0, -0.05], atol=1e-9)


def test_an_optimizer_without_first_moment_is_refused_at_once():
    with pytest.raises(ValueError, match="no first moment in an optimizer state of ScaleByRssState"):
        mask_momentum(optax.adagrad(0.1)).init(jnp.zeros(2))


def test_each_part_of_muon_is_masked():
    params = {"matrix": jnp.zeros((2, 2)), "vector": jnp.zeros(2)}
    optimizer = mask_momentum(optax.contrib.muon(0.1))
    quiet = optax.tree.zeros_like(params)
    ones = optax.tree.ones_like(params)
    update = jax.jit(optimizer.update)
    _, state = update(ones, optimizer.init(params), params, clipped_away=quiet)
    updates, _ = update(quiet, state, params, clipped_away=ones)
    assert all(not np.any(leaf) for leaf in (updates["matrix"], updates["vector"]))
