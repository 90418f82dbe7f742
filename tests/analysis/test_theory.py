"""The closed forms against optax itself, enumeration, and the numbers that are in print."""

import numpy as np
import optax
import pytest

from analysis.theory.adam_residual import adam_residual
from analysis.theory.memoryless_limit import memoryless_limit
from analysis.theory.prefix_weight import prefix_weight, token_weights


@pytest.mark.parametrize(("b1", "b2", "n"), [(0.9, 0.999, 1), (0.9, 0.95, 7), (0.5, 0.999, 3), (0.95, 0.9, 20)])
def test_adam_residual_is_what_optax_does_after_any_gradients(b1, b2, n):
    gradients = np.random.default_rng(n).normal(size=n)
    optimizer = optax.adam(1.0, b1=b1, b2=b2, eps=0.0)
    state, sizes = optimizer.init(np.zeros(())), []
    for gradient in [*gradients, *np.zeros(12)]:
        update, state = optimizer.update(np.asarray(gradient), state)
        sizes.append(float(update))
    measured = np.array(sizes[n:]) / sizes[n - 1]
    np.testing.assert_allclose(adam_residual(n, np.arange(1, 13), b1, b2), measured, rtol=1e-10)


@pytest.mark.parametrize(
    ("b1", "b2", "n", "expected"),
    [
        # from a long run: (b1/√b2)^j at j = 1 and j = 5
        (0.9, 0.95, 10**6, (0.923, 0.671)),
        (0.9, 0.999, 10**6, (0.900, 0.592)),
        # from a cold start
        (0.9, 0.999, 1, (0.670, 0.309)),
        (0.9, 0.95, 16, (0.9204, 0.6665)),
    ],
)
def test_adam_residual_has_the_known_values(b1, b2, n, expected):
    np.testing.assert_allclose(adam_residual(n, [1, 5], b1, b2), expected, atol=5e-4)


def test_adam_residual_grows_when_the_second_moment_forgets_faster():
    assert adam_residual(10**6, 1, 0.95, 0.9) > 1  # 0.95² = 0.9025 > 0.9


def test_memoryless_limit_is_what_the_others_lose():
    # three arms of 1/4 stop at 0.8 · 1/4 = 0.2 each; the rest, 0.4, is 1.6 times 1/4
    assert memoryless_limit(0.25, 0.2, 0.2) == pytest.approx(1.6)
    # π = 0.01: 1 − 0.8 · 0.99 = 0.208, which is 20.8 times 0.01
    assert memoryless_limit(0.01, 0.2, 0.2) == pytest.approx(20.8)
    # a likely arm gains little and goes to the clip bound
    assert memoryless_limit(0.9, 0.2, 0.28) == pytest.approx(1.28)


def test_prefix_weight_is_the_covariance_of_weights_and_advantages():
    lengths, advantages = np.array([2, 4, 4, 8]), np.array([1.5, -0.5, -0.5, -0.5])
    weights = token_weights("sequence_mean", lengths, constant=8)
    np.testing.assert_allclose(weights, [1 / 8, 1 / 16, 1 / 16, 1 / 32])
    covariance = np.mean(weights * advantages) - np.mean(weights) * np.mean(advantages)
    assert prefix_weight(weights, advantages) == pytest.approx(4 * covariance)
    # 1.5/8 − 0.5 (1/16 + 1/16 + 1/32) = 0.1875 − 0.078125
    assert prefix_weight(weights, advantages) == pytest.approx(0.109375)


@pytest.mark.parametrize(
    ("reduction", "weight"), [("token_mean", 1 / 18), ("constant_length", 1 / 32), ("sequence_sum", 1 / 4)]
)
def test_equal_weights_cancel_on_a_shared_prefix(reduction, weight):
    weights = token_weights(reduction, [2, 4, 4, 8], constant=8)
    np.testing.assert_allclose(weights, weight)
    assert prefix_weight(weights, [1.5, -0.5, -0.5, -0.5]) == pytest.approx(0.0, abs=1e-16)
