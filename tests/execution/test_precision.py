"""What rounding does to tokens that were never sampled, whose true gradient is zero while Σ A = 0."""

import jax
import numpy as np
import pytest

import simulator as sim

RATE = 0.01


def moved(optimizer, scale, precision="float64"):
    """How far one update moves the two arms that nobody said, in units of the learning rate."""
    experiment = sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.0, 0.0]]), reward_scale=scale),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=sim.optimizer(optimizer, learning_rate=RATE),
        rollouts=sim.rollouts.Fixed(completions=np.array([[[0], [0], [1], [1], [1], [1], [1]]])),
        training=sim.Training(num_rollouts=1, group_size=7, precision=precision),
    )
    with jax.enable_x64(precision == "float64"):
        logits = jax.jit(sim.simulate)(experiment, jax.random.key(0)).params["logits"]
    return np.max(np.abs(np.asarray(logits)[0, 2:])) / RATE


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_adam_in_float64_leaves_them_where_they_are(scale):
    assert moved("adam", scale) < 1e-6


def test_adam_in_float32_moves_them_and_more_so_at_a_larger_scale():
    assert 0.1 < moved("adam", 1.0, "float32") < 0.5
    assert moved("adam", 30.0, "float32") > 0.9


def test_the_sign_of_the_gradient_moves_them_even_in_float64():
    # the mean of seven rewards, two of them 1, is 2/7, which no binary number is: Σ A is about 1e-17, and has a sign
    assert moved("sign_sgd", 1.0) == pytest.approx(1.0)


def test_the_sign_is_still_where_the_arithmetic_is_exact():
    # 7 and 0 with mean 2: nothing is rounded
    assert moved("sign_sgd", 7.0) == 0.0
