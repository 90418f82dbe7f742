"""Logits linear in features: the table as a special case, and how far one state moves another."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import simulator as sim
from simulator.environments.rewards import CountToken
from simulator.policies.log_linear import LogLinear
from tests.policies import by_differences as given
from tests.small import tables

KEY = jax.random.key(0)
TREE = sim.environments.TokenTree(
    vocab_size=3, max_length=3, num_prompts=2, reward=CountToken(token=1), length_cost=0.1
)
STATES = 14
FEATURES = np.random.default_rng(0).normal(size=(STATES, 4))


def experiment(policy, optimizer):
    return sim.Experiment(
        environment=TREE,
        policy=policy,
        method=sim.methods.GRPO(kl=sim.surrogates.KL(coef=0.05)),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=4, group_size=4, epochs=2, minibatches=2),
        record=sim.Record(probes=("ratio", "clip", "kl", "update"), ratios=sim.Stride()),
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "optimizer",
    [sim.optimizer("sgd", learning_rate=1.0, momentum=0.9), sim.optimizer("adam", learning_rate=0.1)],
    ids=["sgd", "adam"],
)
def test_with_the_identity_as_features_a_run_is_the_tables(optimizer):
    linear, table = (
        jax.jit(sim.simulate)(experiment(policy, optimizer), KEY)
        for policy in (LogLinear(features=np.eye(STATES), start="gaussian"), sim.policies.Tabular(start="gaussian"))
    )
    np.testing.assert_allclose(linear.params["weights"], table.params["logits"], rtol=1e-12, atol=1e-12)
    assert set(linear.metrics) == set(table.metrics)
    for name, values in linear.metrics.items():
        np.testing.assert_allclose(values, table.metrics[name], rtol=1e-12, atol=1e-12, err_msg=name)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12), linear.tokens, table.tokens)


def test_an_update_moves_a_state_by_its_features_overlap_with_those_visited():
    # Δθ[s, v] = rate · Σ_s' φ(s)·φ(s') g[s', v], where g is what a table would be given, here from uniform logits
    g = np.zeros((STATES, 3))
    for prompt, group in enumerate(given.SAID):
        rewards = np.array([text.count(1) - 0.1 * len(text) for text in group])
        for text, advantage in zip(group, rewards - rewards.mean(), strict=True):
            for t, token in enumerate(text):
                g[given.row(prompt, text[:t])] += advantage / 12 * (np.eye(3)[token] - 1 / 3)
    points, _ = given.updates(LogLinear(features=FEATURES), 1)
    moved = FEATURES @ points[1].reshape(4, 3)
    np.testing.assert_allclose(moved, given.RATE * FEATURES @ FEATURES.T @ g, rtol=1e-12, atol=1e-15)
    never = given.row(0, (1, 2))
    assert np.all(g[never] == 0) and np.all(np.abs(moved[never]) > 1e-3)


def test_the_gradient_is_the_slope_of_the_objective():
    points, gradients = given.updates(LogLinear(features=FEATURES), 3)

    def speak(weights):
        return lambda prompt, prefix: FEATURES[given.row(prompt, prefix)] @ weights.reshape(4, 3)

    for update in (0, 2):
        slopes = given.slopes(lambda at: given.objective(speak(at), speak(points[0])), points[update], np.eye(12))
        assert np.linalg.norm(slopes) > 1e-2
        np.testing.assert_allclose(gradients[update], slopes, atol=1e-9)


def test_features_left_out_are_gaussian_of_length_one_on_average():
    many = replace(TREE, max_length=11)
    prepared = LogLinear(num_features=5).prepare(KEY, many)
    count = many.num_states * 5
    assert prepared.features.shape == (many.num_states, 5) and prepared.num_features == 5
    assert abs(prepared.features.mean()) < 4 * np.sqrt(1 / 5 / count)
    assert abs(prepared.features.var() - 1 / 5) < 4 / 5 * np.sqrt(2 / count)
    np.testing.assert_array_equal(prepared.prepare(jax.random.key(1), many).features, prepared.features)


def test_every_seed_has_features_of_its_own():
    one, again, other = (np.asarray(LogLinear().prepare(key, TREE).features) for key in (KEY, KEY, jax.random.key(1)))
    np.testing.assert_array_equal(one, again)
    assert np.all(one != other)


def test_weights_start_at_zeros_or_at_noise_of_the_deviation_asked_for():
    wide = sim.environments.Bandit(rewards=np.zeros((1, 4000)))
    assert np.all(LogLinear(features=np.ones((1, 3))).init(KEY, wide)["weights"] == np.zeros((3, 4000)))
    noise = LogLinear(features=np.ones((1, 3)), start="gaussian", scale=0.5).init(KEY, wide)["weights"]
    assert noise.shape == (3, 4000)
    assert abs(noise.mean()) < 4 * 0.5 / np.sqrt(12_000) and abs(noise.std() - 0.5) < 4 * 0.5 / np.sqrt(24_000)


def test_features_for_another_number_of_states_are_refused():
    with pytest.raises(sim.ScenarioError, match=r"policy\.features: 2 rows for 1 states"):
        sim.load(tables(policy={"kind": "log_linear", "features": [[1.0], [0.0]]}))
    sim.load(tables(policy={"kind": "log_linear", "features": [[1.0, 0.5]]}))
