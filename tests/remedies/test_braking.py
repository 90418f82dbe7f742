"""The brake, by hand: heavy ball with learning rate 1, whose coasting update is minus half of its trace."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from simulator.remedies import brake

GRADS = jnp.array([0.1, 0.0])
OUTWARD = jnp.array([3.0, 4.0])


def braked(trace, clipped_away, grads=GRADS, strength=1.0):
    optimizer = brake(optax.sgd(1.0, momentum=0.5), strength=strength)
    state = (optax.TraceState(jnp.asarray(trace)), *optimizer.init(jnp.zeros(2))[1:])
    updates, state = optimizer.update(grads, state, clipped_away=clipped_away)
    return updates, state[0].trace


@pytest.mark.parametrize(("strength", "expected"), [(1.0, [0.54, -0.48]), (0.5, [0.72, -0.24]), (0.0, [0.9, 0.0])])
def test_the_coasting_part_along_the_clipped_push_is_taken_out(strength, expected):
    # u = −(0.1 − 1) = 0.9, coasting (1, 0), ⟨d, coasting⟩ / ‖d‖² = 3/25: u − strength · (0.36, 0.48)
    updates, _ = braked([-2.0, 0.0], -OUTWARD, strength=strength)
    np.testing.assert_allclose(updates, expected, atol=1e-15)


def test_what_is_left_of_the_coasting_update_does_not_push_the_clipped_tokens():
    updates, _ = braked([-2.0, 5.0], -OUTWARD, grads=jnp.zeros(2))
    unbraked, _ = braked([-2.0, -5.0], -OUTWARD, grads=jnp.zeros(2))
    np.testing.assert_allclose(jnp.vdot(unbraked, OUTWARD), 0.0, atol=1e-14)
    np.testing.assert_allclose(updates, [1.0, -2.5])  # ⟨d, coasting⟩ = 3 − 10: it leads back and is left alone


def test_a_memory_that_leads_back_is_left_alone():
    updates, _ = braked([2.0, 0.0], -OUTWARD)
    np.testing.assert_allclose(updates, [-1.1, 0.0])


def test_nothing_clipped_is_left_alone():
    updates, _ = braked([-2.0, 1.0], jnp.zeros(2))
    np.testing.assert_allclose(updates, [0.9, -0.5])


def test_the_inner_state_is_not_touched():
    _, trace = braked([-2.0, 0.0], -OUTWARD)
    np.testing.assert_allclose(trace, [-0.9, 0.0])


def test_the_size_of_the_clipped_push_does_not_matter_even_where_its_square_is_zero():
    small = [jnp.float32(x) for x in ([-2.0, 0.0], -1e-30 * OUTWARD, GRADS)]
    updates, _ = braked(*small)
    assert updates.dtype == jnp.float32
    np.testing.assert_allclose(updates, [0.54, -0.48], rtol=1e-6)
