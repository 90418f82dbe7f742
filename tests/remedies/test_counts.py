"""Adam-Rel: the count starts again and the moments stay."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from simulator.remedies import first_moments, reset_counts


def state_after(optimizer, gradient, updates):
    """Runs under jit, where a count of another dtype could not be carried on."""

    def one(_, state):
        return reset_counts(optimizer.update(gradient, state, jnp.ones(1))[1])

    return jax.jit(lambda state: jax.lax.fori_loop(0, updates, one, state))(optimizer.init(jnp.ones(1)))


@pytest.mark.parametrize(("b2", "factor"), [(0.999, 0.316), (0.95, 2.236), (0.99, 1.0)])
def test_adams_update_after_a_reset_has_adam_rels_factor(b2, factor):
    adam = optax.adam(1.0, b1=0.9, b2=b2, eps=0.0)
    state = adam.init(jnp.ones(1))
    m = v = 0.0
    for _ in range(3):
        _, state = adam.update(jnp.array([2.0]), state)
        m, v = 0.9 * m + 0.1 * 2.0, b2 * v + (1 - b2) * 4.0
    update, after = adam.update(jnp.array([2.0]), reset_counts(state))
    m, v = 0.9 * m + 0.1 * 2.0, b2 * v + (1 - b2) * 4.0
    np.testing.assert_allclose(update, [-np.sqrt(1 - b2) / (1 - 0.9) * m / np.sqrt(v)], rtol=1e-12)
    np.testing.assert_allclose(np.sqrt(1 - b2) / (1 - 0.9), factor, atol=5e-4)
    assert after[0].count == 1


def test_only_the_count_changes():
    adam = optax.adam(1.0)
    _, state = adam.update(jnp.array([2.0]), adam.init(jnp.ones(1)))
    after = reset_counts(state)
    assert (state[0].count, after[0].count, after[0].count.dtype) == (1, 0, jnp.int32)
    assert after[0].mu is state[0].mu
    assert after[0].nu is state[0].nu


def test_a_schedule_goes_on():
    adam = optax.inject_hyperparams(optax.adam)(learning_rate=optax.linear_schedule(1.0, 0.0, 10))
    chain = optax.chain(adam, optax.scale_by_schedule(optax.constant_schedule(1.0)))
    _, state = chain.update(jnp.array([2.0]), chain.init(jnp.ones(1)))
    after = reset_counts(state)
    assert (after[0].count, after[1].count) == (1, 1)
    assert after[0].inner_state[0].count == 0
    (schedule,) = jax.tree.leaves(after[0].hyperparams_states)
    assert schedule == 1


def test_a_reset_is_carried_through_a_compiled_loop():
    optimizer = optax.contrib.muon(0.1)
    (moment,) = jax.tree.leaves(first_moments(state_after(optimizer, jnp.ones(1), 3)))
    np.testing.assert_allclose(moment, [1 - 0.9**3])  # Muon gives vectors to Adam


@pytest.mark.parametrize("optimizer", [optax.sgd(0.1, momentum=0.9), optax.contrib.prodigy(), optax.contrib.momo()])
def test_an_optimizer_whose_count_is_no_moments_alone_is_refused(optimizer):
    with pytest.raises(ValueError, match="no count of a moment in an optimizer state of (Trace|Prodigy|Momo)State"):
        reset_counts(optimizer.init(jnp.ones(1)))
