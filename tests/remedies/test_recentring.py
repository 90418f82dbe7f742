"""Recentred advantages, by hand."""

import numpy as np

from simulator.remedies import recentred


def test_the_weighted_advantages_add_up_to_zero():
    advantages = recentred(np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.5, 0.5]))  # the mean is (1 · 1) / 2
    np.testing.assert_allclose(advantages, [0.5, -0.5, -0.5])


def test_equal_weights_give_the_usual_advantages():
    advantages = recentred(np.array([3.0, 1.0, 2.0]), np.full(3, 0.1))
    np.testing.assert_allclose(advantages, [1.0, -1.0, 0.0], atol=1e-15)


def test_every_group_has_its_own_mean():
    rewards = np.array([[1.0, 0.0], [4.0, 8.0]])
    lengths = np.array([[1, 3], [2, 2]])
    np.testing.assert_allclose(recentred(rewards, 1 / lengths), [[0.25, -0.75], [-2.0, 2.0]], atol=1e-15)


def test_a_group_without_weight_stays_finite():
    np.testing.assert_array_equal(recentred(np.array([1.0, 2.0]), np.zeros(2)), [1.0, 2.0])
