"""Updates that are not made leave no trace."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from simulator.remedies import skip_when_clipped, stop_at
from tests.remedies.page import signals

RATIO, KL = {"ratio": 1.5}, {"kl": 0.1}  # log 1.5 = 0.405
PARAMS = [jnp.zeros(()), jnp.zeros(())]
GRADS = [jnp.array(1.0), jnp.array(-1.0)]


def moves(remedy, rows, names):
    """Whether the second update is made, for rows of numbers: the remedy's, then the signals' of that name.

    Both signals and numbers are traced. One that is not made leaves Adam's state as it was, too.
    """

    def second(numbers):
        given = dict(zip(names, numbers, strict=True))
        optimizer = remedy(optax.adam(0.1), {name: given.pop(name) for name in names if name not in signals()})
        _, state = optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS, **signals())
        updates, after = optimizer.update(GRADS, state, PARAMS, **signals(**given))
        before, after = (jnp.stack(optax.tree.get(s, "mu")) for s in (state, after))
        return jnp.stack(updates) != 0, before != after

    updated, remembered = jax.jit(jax.vmap(second))(jnp.array(rows))
    np.testing.assert_array_equal(updated, remembered)
    np.testing.assert_array_equal(updated[:, 0], updated[:, 1])
    return updated[:, 0].tolist()


def test_a_batch_with_so_large_a_share_clipped_is_skipped():
    rows = [(1.0, 1.0), (1.0, 0.99), (0.25, 0.25), (0.25, 0.24), (0.25, np.nan)]

    def remedy(inner, numbers):
        return skip_when_clipped(inner, **numbers)

    assert moves(remedy, rows, ("share", "clip_active")) == [False, True, False, True, True]


@pytest.mark.parametrize(
    ("bounds", "rows", "made"),
    [
        (RATIO, [(0.40, 9.0), (0.41, 0.0)], [True, False]),
        (KL, [(9.0, 0.1), (0.0, 0.11)], [True, False]),
        (RATIO | KL, [(0.40, 0.1), (0.41, 0.1), (0.40, 0.11)], [True, False, False]),
    ],
)
def test_beyond_either_bound_nothing_moves(bounds, rows, made):
    def remedy(inner, _):
        return stop_at(inner, **bounds)

    assert moves(remedy, rows, ("max_log_ratio", "kl")) == made


def test_a_signal_is_needed_only_where_its_bound_is_given():
    for bounds, known in (({"ratio": 2.0}, {"max_log_ratio": 0.0}), ({"kl": 1.0}, {"kl": 0.0})):
        optimizer = stop_at(optax.sgd(1.0), **bounds)
        updates, _ = optimizer.update(jnp.ones(1), optimizer.init(jnp.ones(1)), **known)
        np.testing.assert_array_equal(updates, [-1.0])


def test_a_bound_is_needed():
    with pytest.raises(ValueError, match="stop_at needs a bound: ratio, kl or both"):
        stop_at(optax.sgd(1.0))


def test_the_next_rollout_moves_again():
    """Each update adds 1 to the log-ratio; the bound log 4.5 = 1.504 is crossed by the second of three."""
    optimizer = stop_at(optax.sgd(1.0), ratio=4.5)

    def update(carry, _):
        params, behavior, state = carry
        updates, state = optimizer.update(jnp.array(-1.0), state, params, max_log_ratio=jnp.abs(params - behavior))
        params = params + updates
        return (params, behavior, state), params

    def rollout(carry, _):
        params, state = carry
        (params, _, state), seen = jax.lax.scan(update, (params, params, state), length=3)
        return (params, state), seen

    _, seen = jax.lax.scan(rollout, (jnp.array(0.0), optimizer.init(jnp.array(0.0))), length=2)
    np.testing.assert_array_equal(seen, [[1, 2, 2], [3, 4, 4]])
