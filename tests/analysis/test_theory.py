"""The closed forms against optax itself, enumeration, and the numbers that are in print."""

import itertools

import numpy as np
import optax
import pytest

from analysis.theory.adam import adam_residual, scale_jump
from analysis.theory.coupling import memoryless_limit
from analysis.theory.prefix_weight import binary_prefix_weight, expected_prefix_gradient, prefix_weight, token_weights
from tests.analysis.formulas import largest_step


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


@pytest.mark.parametrize("group_size", [2, 3, 4])
def test_the_expected_prefix_gradient_is_the_mean_over_all_groups(group_size):
    pi, success = np.array([0.5, 0.3, 0.2]), np.array([0.9, 0.4, 0.1])
    right, wrong = np.array([0.2, 0.05, 0.1]), np.array([0.1, 0.3, 0.1])
    outcomes = [(token, reward) for token in range(3) for reward in (1.0, 0.0)]
    mean = np.zeros(3)
    for group in itertools.product(outcomes, repeat=group_size):
        rewards = np.array([reward for _, reward in group])
        chance = np.prod([pi[token] * (success[token] if reward else 1 - success[token]) for token, reward in group])
        for (token, reward), advantage in zip(group, rewards - rewards.mean(), strict=True):
            weight = (right if reward else wrong)[token] / group_size
            mean += chance * weight * advantage * (np.eye(3)[token] - pi)
    np.testing.assert_allclose(expected_prefix_gradient(pi, success, right, wrong, group_size), mean, atol=1e-15)


def test_the_expected_prefix_gradient_of_the_worked_example():
    # short-correct after a, short-wrong after b, lengths 10 and 40: the return does not care, 1/length does
    found = expected_prefix_gradient([0.9, 0.1], [0.5, 0.5], [1 / 10, 1 / 40], [1 / 40, 1 / 10], 4)
    # V = 1/2, c_a = ¼ (1/10 − 1/40) = −c_b, and ¾ · 0.9 · (c_a − 0.8 c_a) = 0.135 · 0.01875
    np.testing.assert_allclose(found, [0.00253125, -0.00253125], rtol=1e-12)
    np.testing.assert_allclose(expected_prefix_gradient([0.9, 0.1], [0.5, 0.5], 0.1, 0.1, 4), 0.0, atol=1e-16)
    # continuations that are alike: no bias on average, however unequal the lengths
    np.testing.assert_allclose(expected_prefix_gradient([0.9, 0.1], [0.5, 0.5], 1 / 10, 1 / 40, 4), 0.0, atol=1e-16)


@pytest.mark.parametrize("ddof", [0, 1])
def test_the_binary_prefix_weight_is_the_sum_over_completions(ddof):
    lengths, right = np.array([3, 7, 2, 11, 5]), np.array([1, 0, 0, 1, 0])
    advantages = (right - right.mean()) / right.std(ddof=ddof)
    assert binary_prefix_weight(lengths, right, ddof) == pytest.approx(np.sum(advantages / (5 * lengths)), rel=1e-12)
    assert binary_prefix_weight(lengths, np.ones(5), ddof) == 0.0


@pytest.mark.parametrize(("b1", "b2", "n", "factor"), [(0.9, 0.999, 30, 5.0), (0.9, 0.95, 7, 0.2), (0.5, 0.9, 1, 10.0)])
def test_the_answer_to_a_jump_is_what_optax_does(b1, b2, n, factor):
    optimizer = optax.adam(1.0, b1=b1, b2=b2, eps=0.0)
    state, sizes = optimizer.init(np.zeros(())), []
    for gradient in [1.0] * n + [factor] * 40:
        update, state = optimizer.update(np.asarray(gradient), state)
        sizes.append(abs(float(update)))
    found = scale_jump(n, np.arange(1, 41), factor, b1, b2)
    np.testing.assert_allclose(found, np.array(sizes[n:]) / sizes[n - 1], rtol=1e-9)


@pytest.mark.parametrize(
    ("factor", "b2", "peak", "when"),
    [(5, 0.999, 3.74, 24), (5, 0.95, 1.12, 15), (10, 0.999, 5.20, None), (10, 0.95, 1.11, None)],
)
def test_the_answer_to_a_jump_has_the_known_peaks(factor, b2, peak, when):
    found = scale_jump(10**6, np.arange(1, 300), factor, 0.9, b2)
    assert found.max() == pytest.approx(peak, abs=6e-3)
    assert when is None or found.argmax() + 1 == when


@pytest.mark.parametrize(("b2", "bound"), [(0.999, 7.27), (0.95, 1.165), (0.9, 1.0)])
def test_the_largest_step_is_reached_by_the_worst_gradients_and_by_no_others(b2, bound):
    assert largest_step(0.9, b2) == pytest.approx(bound, abs=5e-3)
    # Cauchy–Schwarz is tight where the s-th last gradient is (b1/b2)^s
    ago = np.arange(3000)
    for gradients in ((0.9 / b2) ** ago, np.ones(3000), np.random.default_rng(0).normal(size=3000)):
        step = np.sum(0.1 * 0.9**ago * gradients) / np.sqrt(np.sum((1 - b2) * b2**ago * gradients**2))
        assert abs(step) <= bound + 5e-3
    worst = (0.9 / b2) ** ago
    step = np.sum(0.1 * 0.9**ago * worst) / np.sqrt(np.sum((1 - b2) * b2**ago * worst**2))
    assert step == pytest.approx(float(largest_step(0.9, b2)), rel=1e-6)
