"""A product of two trained matrices: where it starts, and its gradient by central differences."""

import jax
import jax.numpy as jnp
import numpy as np

import simulator as sim
from simulator.policies.low_rank import LowRank
from simulator.types import Completions
from tests.policies import by_differences as given

KEY = jax.random.key(0)


def test_the_states_start_at_noise_and_the_tokens_at_zeros():
    many = sim.environments.Bandit(rewards=np.zeros((5000, 4)))
    params = LowRank(rank=3, scale=0.5).init(KEY, many)
    count, deviation = 15_000, 0.5 / np.sqrt(3)
    assert params["A"].shape == (5000, 3)
    assert abs(params["A"].mean()) < 4 * deviation / np.sqrt(count)
    assert abs(params["A"].std() - deviation) < 4 * deviation / np.sqrt(2 * count)
    np.testing.assert_array_equal(params["B"], np.zeros((3, 4)))


def test_logits_are_the_product_and_rows_are_states():
    states = jnp.array([[[0, 3], [1, 2]]])
    said = Completions(states=states, tokens=states, mask=states >= 0, chosen=states >= 0)
    a, b = np.arange(8.0).reshape(4, 2), np.arange(6.0).reshape(2, 3)
    logits = LowRank().logits({"A": jnp.asarray(a), "B": jnp.asarray(b)}, said)
    np.testing.assert_array_equal(logits, [[a[s] @ b[:, v] for v in range(3)] for s in range(4)])
    np.testing.assert_array_equal(LowRank().rows(said), states)


def test_the_gradient_is_the_slope_of_the_objective_which_at_first_is_of_the_tokens_alone():
    points, gradients = given.updates(LowRank(rank=2), 3)

    def speak(params):
        a, b = params[:28].reshape(14, 2), params[28:].reshape(2, 3)
        return lambda prompt, prefix: a[given.row(prompt, prefix)] @ b

    for update in (0, 2):
        slopes = given.slopes(lambda at: given.objective(speak(at), speak(points[0])), points[update], np.eye(34))
        np.testing.assert_allclose(gradients[update], slopes, atol=1e-9)
    assert np.all(gradients[0][:28] == 0) and np.linalg.norm(gradients[0][28:]) > 1e-2
    assert np.linalg.norm(gradients[2][:28]) > 1e-3
