"""The scale of the rewards: the identity of scaled runs, elasticities, and who is invariant, against optax itself."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from analysis.theory.adam import adam_elasticity
from tests.analysis.formulas import rescaled, std_floor_elasticity

RANDOM = np.random.default_rng(0)
GRADIENTS = RANDOM.normal(size=(60, 12)) * np.exp(RANDOM.normal(size=(60, 1)))
START = RANDOM.normal(size=12)
ALL_KNOBS = {
    "learning_rate": 0.02,
    "b1": 0.9,
    "b2": 0.97,
    "eps": 0.3,
    "eps_root": 0.05,
    "coupled_weight_decay": 0.4,
    "max_grad_norm": 3.0,
    "max_grad_norm_eps": 0.5,
    "kl": 0.7,
    "entropy": 0.2,
    "weight_decay": 0.3,
}


def clip(max_norm, eps):
    """torch's `clip_grad_norm_`; with eps 0 it is optax's `clip_by_global_norm`."""
    return optax.stateless(
        lambda updates, params: jax.tree.map(
            lambda g: g * jnp.minimum(1.0, max_norm / (jnp.linalg.norm(g) + eps)), updates
        )
    )


OPTIMIZERS = {
    "adamw": lambda o: optax.adamw(**o),
    "nadamw": lambda o: optax.nadamw(**o),
    "amsgrad": lambda o: optax.amsgrad(**{key: value for key, value in o.items() if key != "weight_decay"}),
}


@functools.partial(jax.jit, static_argnums=(0, 1))
def trajectory(name, clips_as, o, scale):
    """Sixty updates on φ g − β_KL ∇KL + c_H ∇H, with smooth functions of the parameters in the regularisers' place."""
    own = {key: o[key] for key in ("learning_rate", "b1", "b2", "eps", "eps_root", "weight_decay")}
    clipping = optax.clip_by_global_norm(o["max_grad_norm"])
    optimizer = optax.chain(
        clipping if clips_as == "optax" else clip(o["max_grad_norm"], o["max_grad_norm_eps"]),
        optax.add_decayed_weights(o["coupled_weight_decay"]),
        OPTIMIZERS[name](own),
    )

    def update(carry, gradient):
        params, state = carry
        total = scale * gradient - o["kl"] * (params - START) + o["entropy"] * jnp.sin(params)
        updates, state = optimizer.update(-total, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    return jax.lax.scan(update, (jnp.asarray(START), optimizer.init(jnp.asarray(START))), GRADIENTS)[1]


@pytest.mark.parametrize("clips_as", ["optax", "torch"])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("factor", [1e-3, 7.0, 1e4])
def test_a_run_on_scaled_rewards_is_a_run_on_plain_ones_with_other_numbers(name, clips_as, factor):
    scaled, unscaled = (np.asarray(trajectory(name, clips_as, ALL_KNOBS, scale)) for scale in (factor, 1.0))
    assert np.abs(unscaled - scaled).max() > 0.05  # it does not go without saying
    found = trajectory(name, clips_as, rescaled(ALL_KNOBS, factor), 1.0)
    np.testing.assert_allclose(found, scaled, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("knob", ["eps", "eps_root", "coupled_weight_decay", "max_grad_norm", "kl", "entropy"])
def test_every_knob_that_scales_counts(knob):
    """Left as it was, a single one breaks the identity."""
    scaled = np.asarray(trajectory("adamw", "optax", ALL_KNOBS, 7.0))
    numbers = {**rescaled(ALL_KNOBS, 7.0), knob: ALL_KNOBS[knob]}
    assert np.abs(np.asarray(trajectory("adamw", "optax", numbers, 1.0)) - scaled).max() > 1e-3


def test_what_is_rescaled_is_divided_by_its_power_of_the_factor():
    found = rescaled({"eps": 1e-8, "eps_root": 0.04, "weight_decay": 0.1, "max_grad_norm": None, "kl": 0.04}, 2.0)
    assert found == {"eps": 5e-9, "eps_root": 0.01, "weight_decay": 0.1, "max_grad_norm": None, "kl": 0.02}
    with pytest.raises(KeyError):
        rescaled({"clip_high": 0.2}, 2.0)


@functools.cache
def displaced(make):
    """The displacement after all gradients, at scales 1e-4, 0.01, 1, 100 and 1e4: [5, 12]."""
    optimizer = make()

    def final(scale):
        def update(carry, gradient):
            params, state = carry
            updates, state = optimizer.update(scale * gradient, state, params)
            return (optax.apply_updates(params, updates), state), None

        start = jnp.asarray(START)
        return jax.lax.scan(update, (start, optimizer.init(start)), GRADIENTS)[0][0] - start

    return np.asarray(jax.jit(jax.vmap(final))(jnp.array([1e-4, 1e-2, 1.0, 1e2, 1e4])))


def change(make):
    """By how much, relatively, the final displacement differs from that at scale 1, at the other four."""
    final = displaced(make)
    return np.linalg.norm(np.delete(final, 2, axis=0) - final[2], axis=1) / np.linalg.norm(final[2])


@pytest.mark.parametrize(
    "make",
    [
        lambda: optax.lion(0.01, weight_decay=0.0),
        lambda: optax.sign_sgd(0.01),
        lambda: optax.signum(0.01),
        lambda: optax.chain(optax.scale_by_sign(), optax.adam(0.01)),
    ],
)
def test_signs_are_exactly_invariant(make):
    found = displaced(make)
    np.testing.assert_array_equal(found, np.broadcast_to(found[2], found.shape))


def test_optax_defaults_of_adagrad_and_rmsprop_are_not_invariant_and_adam_is_nearly():
    """The initial accumulator of 0.1, and an eps inside the root that is small against g² only."""
    assert (change(lambda: optax.adagrad(0.01)) > [0.9, 0.5, 0.1, 0.1]).all()
    assert change(lambda: optax.adagrad(0.01, initial_accumulator_value=0.0, eps=0.0)).max() < 1e-12
    assert (change(lambda: optax.rmsprop(0.01))[:2] > [0.5, 5e-3]).all()
    assert change(lambda: optax.rmsprop(0.01, eps_in_sqrt=False))[1] < 1e-4
    assert (change(lambda: optax.adam(0.01)) < [1e-2, 1e-4, 1e-6, 1e-6]).all()
    assert change(lambda: optax.adam(0.01, eps=1e-5))[0] > 0.05
    coupled = optax.chain(optax.add_decayed_weights(0.1), optax.adam(0.01))
    assert (change(lambda: coupled) > 0.02).all()
    np.testing.assert_allclose(change(lambda: optax.sgd(0.01, momentum=0.9)), [0.9999, 0.99, 99.0, 9999.0], rtol=1e-9)


@pytest.mark.parametrize("eps_root", [0.0, 1e-6, 1e-2])
@pytest.mark.parametrize("eps", [0.0, 1e-8, 1e-2])
def test_the_elasticity_is_the_derivative_of_the_first_update(eps, eps_root):
    optimizer = optax.scale_by_adam(eps=eps, eps_root=eps_root)
    gradients = jnp.array([1e-3, 0.03, 1.0, 10.0])

    def log_update(log_gradient):
        gradient = jnp.exp(log_gradient)
        return jnp.log(optimizer.update(gradient, optimizer.init(gradient))[0])

    measured = jnp.diag(jax.jacfwd(log_update)(jnp.log(gradients)))
    np.testing.assert_allclose(adam_elasticity(eps, gradients, eps_root), measured, rtol=1e-8, atol=1e-12)


def test_the_elasticity_has_the_known_values():
    # κ/(1 + κ): half where eps is the gradient, 1e-8 where it is negligible, 0.990 a hundred times below eps
    np.testing.assert_allclose(adam_elasticity(1e-8, [1e-8, 1.0, 1e-10]), [0.5, 1e-8, 100 / 101], rtol=1e-7)
    # MiniMax-M1's gradients of 1e-14: proportional at eps 1e-8, nearly invariant at 1e-15
    np.testing.assert_allclose(adam_elasticity([1e-8, 1e-15], 1e-14), [1.0, 1 / 11], rtol=1e-5)


@pytest.mark.parametrize("floor", [1e-4, 0.1, 0.0])
def test_the_floor_under_a_deviation_makes_the_advantages_follow_the_scale(floor):
    rewards, step = np.array([0.0, 0.0, 1.0, 0.3]), 1e-5

    def log_advantage(log_scale):
        scaled = rewards * np.exp(log_scale)
        return np.log((scaled[2] - scaled.mean()) / (scaled.std() + floor))

    for scale in (1e-3, 1.0, 50.0):
        measured = (log_advantage(np.log(scale) + step) - log_advantage(np.log(scale) - step)) / (2 * step)
        assert std_floor_elasticity(scale, rewards.std(), floor) == pytest.approx(measured, abs=1e-8)
    # a floor as large as the scaled deviation: half
    assert std_floor_elasticity(2.0, 0.05, 0.1) == pytest.approx(0.5)
