"""The transformer: its forward pass in plain NumPy, causality, and every optimizer that treats matrices apart."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import simulator as sim
from simulator.policies.transformer import Transformer
from simulator.types import Completions
from tests import fresh
from tests.policies import by_differences as given
from tests.small import tables

KEY = jax.random.key(0)
POLICY = Transformer(layers=2, width=8, heads=2, start="gaussian", scale=2.0)
TREE = given.WORLD
RNG = np.random.default_rng(0)


PARAMS = given.noisy(POLICY.init(KEY, TREE))  # no bias is 0 and no gain is 1


def spoken(tokens):
    tokens = jnp.asarray(tokens)
    return Completions(states=tokens, tokens=tokens, mask=tokens >= 0, chosen=tokens >= 0)


# By hand


def normed(layer, x):
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5) * np.asarray(layer.weight) + np.asarray(layer.bias)


def gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def by_hand(params, prompt, text, heads=2):
    """The logits of the token that follows `text`, one position and one head after the other."""
    network = jax.tree.map(np.asarray, params["network"])
    vocab_size, width = network.head.shape
    x = np.stack([network.embeddings[i] for i in (vocab_size + prompt, *text)]) + network.positions[: len(text) + 1]
    for block in network.blocks:
        read, attention, size = normed(block.attention_norm, x), block.attention, width // heads
        mixed = np.zeros_like(x)
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            q, k, v = (read @ layer.weight.T[:, own] for layer in (attention.query, attention.key, attention.value))
            for t in range(len(x)):
                weights = np.exp(q[t] @ k[: t + 1].T / np.sqrt(size))
                mixed[t, own] = weights / weights.sum() @ v[: t + 1]
        x = x + mixed @ attention.out.weight.T
        hidden = gelu(normed(block.hidden_norm, x) @ block.widen.weight.T + block.widen.bias)
        x = x + hidden @ block.narrow.weight.T + block.narrow.bias
    return network.head @ normed(network.norm, x[-1])


def test_the_logits_are_those_of_a_second_implementation():
    tokens = RNG.integers(0, 3, size=(2, 3, 3))
    logits, rows = POLICY.logits(PARAMS, spoken(tokens)), POLICY.rows(spoken(tokens))
    assert logits.shape == (18, 3)
    for p, g, t in np.ndindex(2, 3, 3):
        expected = by_hand(PARAMS, p, tokens[p, g, :t].tolist())
        np.testing.assert_allclose(logits[rows[p, g, t]], expected, rtol=1e-12, atol=1e-12)


def test_a_later_token_does_not_move_earlier_logits():
    tokens = RNG.integers(0, 3, size=(2, 4, 3))
    logits = jax.jit(lambda tokens: POLICY.logits(PARAMS, spoken(tokens)).reshape(2, 4, 3, 3))
    before = np.asarray(logits(tokens))
    for position in range(3):
        changed = tokens.copy()
        changed[..., position] = (changed[..., position] + 1) % 3
        moved = np.any(np.asarray(logits(changed)) != before, axis=-1)
        np.testing.assert_array_equal(moved, np.broadcast_to(np.arange(3) > position, (2, 4, 3)))


def test_the_prompt_is_read():
    one, other = np.asarray(POLICY.logits(PARAMS, spoken(np.zeros((2, 1, 3), dtype=int)))).reshape(2, 3, 3)
    assert np.all(one != other)


@pytest.mark.parametrize("start", ["zeros", "gaussian"])
def test_the_gradient_is_the_slope_of_the_objective(start):
    policy = Transformer(width=8, heads=2, start=start)
    points, gradients = given.updates(policy, 2)
    unravel = ravel_pytree(policy.init(KEY, TREE))[1]

    def speak(params):
        params = unravel(jnp.asarray(params))
        return lambda prompt, prefix: by_hand(params, prompt, prefix)

    directions = RNG.normal(size=(4, points.shape[1]))
    for point, gradient in zip(points[:2], gradients, strict=True):
        slopes = given.slopes(lambda at: given.objective(speak(at), speak(points[0])), point, directions)
        assert np.linalg.norm(slopes) > 1e-2
        np.testing.assert_allclose(directions @ gradient, slopes, atol=1e-8)


# Where it starts


def test_the_parameters_are_float_arrays_and_nothing_else():
    leaves = jax.tree.leaves(PARAMS)
    assert all(isinstance(leaf, jax.Array) and leaf.dtype == float for leaf in leaves)
    assert {leaf.ndim for leaf in leaves} == {1, 2}


def test_its_first_gradient_moves_the_head_alone():
    unravel = ravel_pytree(Transformer().init(KEY, TREE))[1]
    network = unravel(given.updates(Transformer(), 1)[1][0])["network"]
    assert np.all(network.head != 0)
    assert all(
        np.all(leaf == 0) for name, part in vars(network).items() if name != "head" for leaf in jax.tree.leaves(part)
    )


def test_every_matrix_starts_at_noise_of_its_own_that_keeps_lengths():
    network = Transformer(layers=2, width=64, heads=4, start="gaussian", scale=0.5).init(KEY, TREE)["network"]
    matrices = [leaf for leaf in jax.tree.leaves(network) if leaf.ndim == 2]
    assert len({float(matrix[0, 0]) for matrix in matrices}) == len(matrices) == 3 + 2 * 6
    for matrix in matrices:
        deviation = (0.5 if matrix is network.head else 1.0) / np.sqrt(matrix.shape[1])
        assert abs(matrix.std() - deviation) < 4 * deviation / np.sqrt(2 * matrix.size)
    for block in network.blocks:
        assert np.all(block.hidden_norm.weight == 1) and np.all(block.widen.bias == 0)


# Runs


@pytest.mark.long
@pytest.mark.parametrize("name", ["adamw", "sgd", "lion", "muon"])
def test_every_optimizer_moves_every_parameter(name):
    # three updates: the first moves the head, the second what the head reads
    experiment = replace(
        given.experiment(Transformer(width=4, heads=1), epochs=3), optimizer=sim.optimizer(name, learning_rate=0.01)
    )
    start, end = sim.init(experiment, KEY).params, jax.jit(sim.simulate)(experiment, KEY).params
    for before, after in zip(jax.tree.leaves(start), jax.tree.leaves(end), strict=True):
        assert np.all(np.isfinite(after)) and np.any(before != after)


@pytest.mark.long
def test_single_precision_is_computed_in_single_precision():
    experiment = given.experiment(Transformer(width=4, heads=1), epochs=2)
    single = replace(experiment, training=replace(experiment.training, precision="float32"))
    double = jax.jit(sim.simulate)(experiment, KEY)
    with jax.enable_x64(False):
        trace = sim.simulate(single, jax.random.key(3))
    leaves = jax.tree.leaves((trace.params, trace.metrics))
    assert {leaf.dtype.name for leaf in leaves} == {"float32"} and all(np.all(np.isfinite(leaf)) for leaf in leaves)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(double.params)} == {"float64"}


# What is refused


def test_heads_divide_the_width():
    with pytest.raises(sim.ScenarioError, match=r"policy\.heads: 3 heads do not divide a width of 16"):
        sim.load(tables(policy={"kind": "transformer", "heads": 3}))


def test_a_third_layer_is_refused():
    with pytest.raises(sim.ScenarioError, match=r"policy\.layers: must be <= 2, got 3"):
        sim.load(tables(policy={"kind": "transformer", "layers": 3}))


def test_without_equinox_a_transformer_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("simulator.policies.transformer.find_spec", lambda name: None)
    with pytest.raises(sim.ScenarioError, match=r"policy\.kind: .*pip install 'ratiodrift\[transformer\]'"):
        sim.load(tables(policy={"kind": "transformer"}))


def test_loading_a_scenario_with_a_transformer_imports_neither_jax_nor_equinox():
    printed = fresh.python(
        "import sys, simulator; "
        "simulator.load('momentum_overshoot', [('policy.kind', 'transformer')]); "
        "print([name for name in ('jax', 'jaxlib', 'equinox') if name in sys.modules])"
    )
    assert printed.strip() == "[]"
