"""Reposition before the last update, by hand: every update of the inner optimizer adds 1."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from simulator.remedies import reposition


def path(num_updates, num_rollouts=2, **keywords):
    """The parameter after every update, in the rows of rollouts."""
    optimizer = reposition(optax.sgd(1.0), **keywords)

    def one(carry, update):
        params, state = carry
        updates, state = optimizer.update(
            optax.tree.full_like(params, -1.0), state, params, update=update, num_updates=num_updates
        )
        params = optax.apply_updates(params, updates)
        return (params, state), params["w"]

    start = {"w": jnp.array(0.0)}
    order = jnp.tile(jnp.arange(num_updates), num_rollouts)
    _, seen = jax.lax.scan(one, (start, optimizer.init(start)), order)
    return seen.reshape(num_rollouts, num_updates)


@pytest.mark.parametrize(
    ("num_updates", "interpolation", "expected"),
    [
        (4, 0.5, [[1, 2, 1.5, 2.5], [3.5, 4.5, 4, 5]]),
        (4, 0.0, [[1, 2, 0, 1], [2, 3, 1, 2]]),
        (4, 1.0, [[1, 2, 3, 4], [5, 6, 7, 8]]),
        (2, 0.5, [[0.5, 1.5], [2, 3]]),
        (1, 0.5, [[1], [2]]),
    ],
)
def test_the_second_last_update_ends_part_of_the_way(num_updates, interpolation, expected):
    np.testing.assert_allclose(path(num_updates, interpolation=interpolation), expected)


def test_the_inner_state_goes_on():
    optimizer = reposition(optax.adam(0.1), interpolation=0.0)
    updates, state = optimizer.update(jnp.ones(2), optimizer.init(jnp.ones(2)), jnp.ones(2), update=0, num_updates=2)
    np.testing.assert_array_equal(updates, [0.0, 0.0])
    np.testing.assert_allclose(state.inner_state[0].mu, [0.1, 0.1])
    np.testing.assert_array_equal(state.start, [1.0, 1.0])


def test_it_needs_the_parameters():
    optimizer = reposition(optax.sgd(1.0))
    with pytest.raises(ValueError, match="reposition needs the parameters"):
        optimizer.update(jnp.ones(2), optimizer.init(jnp.ones(2)), update=0, num_updates=2)
