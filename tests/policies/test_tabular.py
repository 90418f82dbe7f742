"""The table: where its logits start, and which row speaks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator.environments.bandit import Bandit
from simulator.environments.rewards import CountToken
from simulator.environments.token_tree import TokenTree
from simulator.errors import ScenarioError
from simulator.policies.tabular import Tabular
from simulator.scenario.load import load
from simulator.types import Completions
from tests.small import tables

pytestmark = pytest.mark.usefixtures("strict_promotion")

TREE = TokenTree(vocab_size=3, max_length=3, num_prompts=2, reward=CountToken(token=1))  # 2 · (1 + 2 + 4) states
KEY = jax.random.key(0)


def test_there_is_one_row_of_logits_a_state():
    assert Tabular().init(KEY, TREE)["logits"].shape == (14, 3)
    assert Tabular().init(KEY, Bandit(rewards=np.zeros((3, 5))))["logits"].shape == (3, 5)


def test_logits_start_at_zero():
    np.testing.assert_array_equal(Tabular().init(KEY, TREE)["logits"], np.zeros((14, 3)))


def test_the_bias_is_the_same_in_every_state():
    logits = Tabular(bias=np.array([1.0, 0.0, -2.0])).init(KEY, TREE)["logits"]
    np.testing.assert_array_equal(logits, np.tile([1.0, 0.0, -2.0], (14, 1)))


def test_a_gaussian_start_has_the_deviation_asked_for_around_the_bias():
    many = TokenTree(vocab_size=3, max_length=11, reward=CountToken(token=1))
    logits = np.asarray(Tabular(start="gaussian", scale=0.5, bias=np.array([1.0, 0.0, -2.0])).init(KEY, many)["logits"])
    noise, count = logits - [1.0, 0.0, -2.0], logits.size
    assert abs(noise.mean()) < 4 * 0.5 / np.sqrt(count)
    assert abs(noise.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * count)


def test_two_keys_start_differently_and_one_key_does_not():
    policy = Tabular(start="gaussian")
    same, again = policy.init(KEY, TREE)["logits"], policy.init(KEY, TREE)["logits"]
    other = policy.init(jax.random.key(1), TREE)["logits"]
    np.testing.assert_array_equal(same, again)
    assert np.all(same != other)


def test_each_token_is_drawn_from_the_row_of_its_state():
    # row r of three allows token r alone
    params = {"logits": jnp.where(jnp.eye(3, dtype=bool), 0.0, -1e3)}
    states = jnp.array([[0, 1], [2, 1]])
    draw = Tabular().sampler(params)
    tokens = draw(jnp.full((2, 2), 0.7), states, jnp.zeros((2, 2, 1), dtype=int), jnp.asarray(0))
    np.testing.assert_array_equal(tokens, states)


def test_logits_and_rows_are_the_tables():
    states = jnp.array([[[0, 3], [1, 2]]])
    said = Completions(states=states, tokens=states, mask=states >= 0, chosen=states >= 0)
    params = {"logits": jnp.arange(12.0).reshape(4, 3)}
    np.testing.assert_array_equal(Tabular().rows(said), states)
    np.testing.assert_array_equal(Tabular().logits(params, said), params["logits"])


def test_initial_logits_are_added_to_the_bias_row_by_row():
    rows = np.arange(42.0).reshape(14, 3)
    bias = np.array([1.0, 0.0, -2.0])
    np.testing.assert_array_equal(Tabular(initial_logits=rows).init(KEY, TREE)["logits"], rows)
    np.testing.assert_array_equal(Tabular(initial_logits=rows, bias=bias).init(KEY, TREE)["logits"], rows + bias)


def test_noise_goes_on_top_of_the_initial_logits():
    rows = np.arange(42.0).reshape(14, 3)
    noise = Tabular(start="gaussian", scale=2.0).init(KEY, TREE)["logits"]
    found = Tabular(start="gaussian", scale=2.0, initial_logits=rows).init(KEY, TREE)["logits"]
    np.testing.assert_allclose(found, noise + rows, rtol=1e-15)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"initial_logits": [[0.0, 1.0, 0.0]] * 2}, r"policy\.initial_logits: 2 rows for 1 states"),
        ({"initial_logits": [[0.0, 1.0]]}, r"policy\.initial_logits: rows of 2 numbers for a vocabulary of 3"),
        ({"bias": [0.0, 1.0]}, r"policy\.bias: 2 numbers for a vocabulary of 3"),
    ],
)
def test_a_start_of_another_shape_is_refused(table, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        load(tables(policy={"kind": "tabular", **table}))


def test_a_start_of_the_right_shape_is_taken():
    (point, *_) = load(tables(policy={"kind": "tabular", "initial_logits": [[0.0, 1.0, 2.0]]})).points
    np.testing.assert_array_equal(point.experiment.policy.initial_logits, [[0.0, 1.0, 2.0]])
