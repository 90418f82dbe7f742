"""Adam without a gradient, past the clip bound and at the start of a rollout: closed forms against optax itself."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from analysis.theory.adam import adam_residual, first_update_after, half_life
from tests.analysis.formulas import (
    adam_residual_sum,
    adam_residual_with_eps,
    adam_update,
    count_reset_factor,
    end_ratio,
    eps_takes_over,
    sign_change,
    stale_share,
    steps_to_bound,
)

SILENT = 20
MANY = 10**6


@jax.jit
def updates_of(b1, b2, eps, eps_root, gradients):
    """Adam's updates, in learning rates, and its moments."""
    optimizer = optax.scale_by_adam(b1=b1, b2=b2, eps=eps, eps_root=eps_root)

    def update(state, gradient):
        found, state = optimizer.update(gradient, state)
        return state, (found, state.mu, state.nu)

    return jax.lax.scan(update, optimizer.init(jnp.zeros(gradients.shape[1:])), gradients)[1]


def draws(count=40):
    random = np.random.default_rng(0)
    for _ in range(count):
        b1, b2 = random.uniform(0, 0.99), 1 - 10 ** random.uniform(-4, -0.2)
        eps, gradient = 10 ** random.uniform(-12, -1), 10 ** random.uniform(-3, 1)
        yield b1, b2, eps, random.choice([0.0, eps**2]), gradient, int(random.integers(1, 60)), random


def test_the_residual_with_eps_is_what_optax_does_for_any_numbers():
    for b1, b2, eps, eps_root, gradient, n, _ in draws():
        gradients = gradient * (np.arange(60 + SILENT) < n)
        sizes = np.asarray(updates_of(b1, b2, eps, eps_root, gradients)[0])
        measured = sizes[n : n + SILENT] / sizes[n - 1]
        found = adam_residual_with_eps(n, np.arange(1, SILENT + 1), b1, b2, eps, eps_root, gradient)
        np.testing.assert_allclose(found, measured, rtol=1e-10, atol=1e-300)
        assert (found <= adam_residual(n, np.arange(1, SILENT + 1), b1, b2) * (1 + 1e-12)).all()


def test_the_update_from_the_moments_is_what_optax_does_after_any_gradients():
    for b1, b2, eps, eps_root, gradient, n, random in draws():
        gradients = gradient * random.normal(size=60 + SILENT) * (np.arange(60 + SILENT) < n)
        sizes, m, v = map(np.asarray, updates_of(b1, b2, eps, eps_root, gradients))
        silent = np.arange(SILENT)
        found = adam_update(m[n - 1], v[n - 1], n, silent, b1, b2, eps, eps_root)
        np.testing.assert_allclose(found, sizes[n - 1 : n + SILENT - 1], rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize(
    ("b1", "b2", "rho", "fifth", "sums", "in_all", "half"),
    [
        (0.9, 0.999, 0.90045, 0.592, (2.44, 4.70, 7.17), 9.05, 6.6),
        (0.9, 0.99, 0.90453, 0.606, (2.46, 4.78, 7.37), 9.48, 6.9),
        (0.9, 0.95, 0.92338, 0.671, (2.56, 5.15, 8.41), 12.05, 8.7),
        (0.9, 0.9, 0.94868, 0.768, (2.70, 5.70, 10.1), 18.5, 13.2),
        (0.95, 0.95, 0.97468, 0.880, (2.85, 6.33, 12.3), 38.5, 27.0),
        (0.95, 0.999, 0.95048, 0.776, (2.71, 5.74, 10.2), 19.2, 13.7),
        (0.5, 0.999, 0.50025, 0.031, (0.876, 0.993, 1.00), 1.00, 1.0),
    ],
)
def test_the_residual_after_a_long_run_has_the_known_values(b1, b2, rho, fifth, sums, in_all, half):
    assert adam_residual(MANY, 1, b1, b2) == pytest.approx(rho, abs=6e-6)
    assert adam_residual(MANY, 5, b1, b2) == pytest.approx(fifth, abs=6e-4)
    np.testing.assert_allclose(adam_residual_sum(b1, b2, [3, 7, 15]), sums, rtol=6e-3)
    assert adam_residual_sum(b1, b2) == pytest.approx(in_all, rel=5e-3)
    assert half_life(b1, b2) == pytest.approx(half, rel=1e-2)
    np.testing.assert_allclose(
        adam_residual_sum(b1, b2, 15), adam_residual(MANY, np.arange(1, 16), b1, b2).sum(), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("b2", "n", "first_five", "in_all"),
    [
        (0.999, 1, (0.670, 0.518, 0.424, 0.359, 0.309), 5.0),
        (0.999, 4, (0.845, 0.729, 0.636, 0.561, 0.498), 8.0),
        (0.999, 16, (0.907, 0.824, 0.749, 0.681, 0.620), 10.1),
        (0.95, 1, (0.679, 0.531, 0.441, 0.378, 0.330), None),
        (0.95, 4, (0.856, 0.748, 0.662, 0.591, 0.532), None),
        (0.95, 16, (0.920, 0.848, 0.782, 0.722, 0.667), None),
    ],
)
def test_the_residual_from_a_cold_start_has_the_known_values(b2, n, first_five, in_all):
    np.testing.assert_allclose(adam_residual(n, np.arange(1, 6), 0.9, b2), first_five, atol=6e-4)
    assert in_all is None or adam_residual(n, np.arange(1, 2000), 0.9, b2).sum() == pytest.approx(in_all, abs=0.06)


def test_a_second_moment_that_forgets_faster_makes_the_residual_grow_until_eps_stops_it():
    """0.95² = 0.9025 > 0.9: 0.95/√0.9 = 1.00139 an update; √v̂ sinks from 1 to 1e-8 in 2 ln(1e8)/ln(1/0.9) = 349.7."""
    assert adam_residual(MANY, 1, 0.95, 0.9) == pytest.approx(1.00139, abs=1e-5)
    assert adam_residual_sum(0.95, 0.9) == np.inf
    assert half_life(0.95, 0.9) == np.inf
    assert eps_takes_over(0.9, 1e-8, 1.0) == pytest.approx(349.7, abs=0.05)
    found = adam_residual_with_eps(MANY, np.arange(1, 1000), 0.95, 0.9, 1e-8, 0.0, 1.0)
    # the peak is where √v̂/eps = ln(1/β1)/ln(β1/√β2) = 0.05129/0.0013873 = 36.97: 2 ln 36.97 / ln(1/0.9) = 68.5 earlier
    assert found.argmax() + 1 == 281
    np.testing.assert_allclose(found[801:] / found[800:-1], 0.95, rtol=1e-6)  # β1^j from there on
    assert adam_residual_sum(0.9, 0.81, 7) == pytest.approx(7.0)  # 0.9² = 0.81: neither


@pytest.mark.parametrize(("b1", "b2"), [(0.9, 0.999), (0.9, 0.95), (0.5, 0.9)])
def test_a_count_reset_multiplies_the_updates_by_the_factor(b1, b2):
    gradients = np.random.default_rng(0).normal(size=45)
    optimizer = optax.scale_by_adam(b1=b1, b2=b2, eps=0.0)
    state = optimizer.init(jnp.zeros(()))
    for gradient in gradients[:25]:
        _, state = optimizer.update(jnp.asarray(gradient), state)
    reset = state._replace(count=jnp.zeros_like(state.count))
    for i, gradient in enumerate(gradients[25:], start=1):
        kept_update, state = optimizer.update(jnp.asarray(gradient), state)
        update, reset = optimizer.update(jnp.asarray(gradient), reset)
        assert count_reset_factor(i, b1, b2, n=25) == pytest.approx(float(update / kept_update), rel=1e-10)


@pytest.mark.parametrize(
    ("b2", "counts", "factors"),
    [
        (0.999, (1, 2, 4, 8, 12, 16, 64), (0.316, 0.235, 0.184, 0.157, 0.152, 0.155, 0.249)),
        (0.95, (1, 2, 4, 8), (2.236, 1.643, 1.252, 1.019)),
        (0.99, (1, 2, 4), (1.000, 0.742, 0.577)),
    ],
)
def test_the_count_reset_factor_has_the_known_values(b2, counts, factors):
    np.testing.assert_allclose(count_reset_factor(counts, 0.9, b2), factors, atol=6e-4)
    np.testing.assert_allclose(count_reset_factor(counts, 0.9, b2, n=MANY), factors, atol=6e-4)
    if b2 == 0.999:
        assert count_reset_factor(np.arange(1, 200), 0.9, b2).argmin() + 1 == 12


@pytest.mark.parametrize("b2", [0.999, 0.95])
@pytest.mark.parametrize(("gradient", "mean"), [(1.0, 1.0), (-0.7, 0.23), (3.0, -0.1)])
def test_the_first_update_of_a_rollout_is_what_optax_does_with_such_a_state(b2, gradient, mean):
    optimizer = optax.scale_by_adam(b1=0.9, b2=b2, eps=0.0)
    fresh = optimizer.init(jnp.zeros(()))
    old = fresh._replace(count=jnp.asarray(MANY, jnp.int32), mu=jnp.asarray(mean), nu=jnp.asarray(1.0))
    states = {
        "keep": old,
        "reset": fresh,
        "reset_first_moment": old._replace(mu=jnp.zeros(())),
        "reset_count": old._replace(count=jnp.zeros((), jnp.int32)),
    }
    for name, state in states.items():
        update = float(optimizer.update(jnp.asarray(gradient), state)[0])
        assert first_update_after(name, 0.9, b2, gradient, mean) == pytest.approx(update, rel=1e-10)


def test_the_first_update_of_a_rollout_after_a_constant_gradient_has_the_known_values():
    found = {name: first_update_after(name, 0.9, 0.999) for name in ("keep", "reset", "reset_first_moment")}
    assert found == pytest.approx({"keep": 1.0, "reset": 1.0, "reset_first_moment": 0.1})
    assert first_update_after("reset_count", 0.9, 0.999) == pytest.approx(0.316, abs=5e-4)
    assert first_update_after("reset_count", 0.9, 0.95) == pytest.approx(2.236, abs=5e-4)
    with pytest.raises(KeyError):
        first_update_after("forgotten", 0.9, 0.999)


def test_the_stale_share_is_what_older_rollouts_weigh_in_the_momentum():
    """A momentum of 1 from older rollouts and eight updates without a gradient: 0.9^8 = 0.43 of it is left."""
    _, m, _ = updates_of(0.9, 0.999, 1e-8, 0.0, np.array([10.0] + [0.0] * 8))
    np.testing.assert_allclose(stale_share(0.9, np.arange(9)), m, rtol=1e-12)
    assert stale_share(0.9, 8) == pytest.approx(0.430, abs=5e-4)


@pytest.mark.parametrize(("ratio", "when"), [(1, 6.6), (10, 22.8), (100, 43.8), (1000, 65.6)])
def test_a_restoring_gradient_turns_the_updates_when_predicted(ratio, when):
    assert sign_change(ratio, 0.9) == pytest.approx(when, abs=0.05)
    gradients = np.concatenate([np.full(2000, float(ratio)), np.full(80, -1.0)])  # the momentum is `ratio` to 1e-90
    updates = np.asarray(updates_of(0.9, 0.999, 1e-8, 0.0, gradients)[0])
    assert int((updates[2000:] < 0).argmax()) + 1 == int(np.ceil(sign_change(ratio, 0.9)))


@jax.jit
def clipped_arm(probability, rate, b1, b2, steady, active):
    """The ratio of one rewarded arm of four by update: its gradient vanishes where the ratio is beyond 1.2.

    A steady gradient has ones for coordinates, another one is that of the surrogate.
    """
    start = jnp.log(jnp.concatenate([jnp.array([probability]), jnp.full(3, (1 - probability) / 3)]))
    optimizer = optax.adam(rate, b1=b1, b2=b2, eps=1e-15)
    arm = jnp.eye(4)[0]

    def update(carry, _):
        logits, state = carry
        policy = jax.nn.softmax(logits)
        ratio = policy[0] / probability
        gradient = jnp.where(steady, 1 - 2 * arm, -ratio * (arm - policy))
        updates, state = optimizer.update(jnp.where(ratio < 1.2, gradient, 0.0), state)
        logits = optax.apply_updates(logits, updates)
        return (logits, state), jax.nn.softmax(logits)[0] / probability

    return jax.lax.scan(update, (start, optimizer.init(start)), active)[1]


ARMS = [(0.01, 1e-3), (0.25, 1e-3), (0.01, 2e-4), (0.25, 5e-3), (0.5, 1e-3)]
UPDATES = np.zeros(600)


@pytest.mark.parametrize(("probability", "rate"), ARMS)
def test_no_ratio_gets_beyond_the_bound_on_its_end_by_more_than_the_crossing_update(probability, rate):
    """On a steady gradient every update is one learning rate a coordinate: the bounds are strict."""
    ratios = np.asarray(clipped_arm(probability, rate, 0.9, 0.95, True, UPDATES))
    crossing = int((ratios >= 1.2).argmax()) + 1
    assert crossing >= steps_to_bound(probability, rate, 0.2)
    bound = end_ratio(probability, rate, 0.2, len(UPDATES), 0.9, 0.95)
    assert ratios[-1] <= bound * np.exp(2 * rate * (1 - probability))


@pytest.mark.parametrize("b2", [0.999, 0.95])
@pytest.mark.parametrize(("probability", "rate"), ARMS)
def test_the_end_ratio_of_a_clipped_arm_is_predicted_to_two_updates(probability, rate, b2):
    """The surrogate's gradient grows with the ratio, and Adam's updates with it, by up to 8 %."""
    ratios = np.asarray(clipped_arm(probability, rate, 0.9, b2, False, UPDATES))
    crossing = int((ratios >= 1.2).argmax()) + 1
    updates = crossing + 80
    found = end_ratio(probability, rate, 0.2, updates, 0.9, b2)
    reach = 2 * rate * (1 - probability)
    assert abs(np.log(ratios[updates - 1] / found)) <= 2 * reach
    assert np.log(ratios[updates - 1] / 1.2) == pytest.approx(np.log(found / 1.2), rel=0.2)
    assert crossing == pytest.approx(float(steps_to_bound(probability, rate, 0.2)), rel=0.15)


def test_a_rollout_that_is_too_short_for_the_bound_ends_within_it():
    # ln 1.2 / (2 · 0.02 · 0.75) = 6.08
    assert steps_to_bound(0.25, 0.02, 0.2) == pytest.approx(6.08, abs=5e-3)
    assert end_ratio(0.25, 0.02, 0.2, 6, 0.9, 0.999) == pytest.approx(1.2, rel=1e-12)
    # all of Adam's coasting: 1.2 exp(0.03 · 9.045) = 1.574
    assert end_ratio(0.25, 0.02, 0.2, 10**4, 0.9, 0.999) == pytest.approx(1.574, abs=1e-3)
