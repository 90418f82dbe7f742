"""What every policy keeps to: it draws what its logits say, and a run is the same however it is taken apart."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

import simulator as sim
from simulator.execution.compute import execute
from simulator.execution.plan import make_plan
from tests.policies.by_differences import KEY, WORLD, noisy

NAMES = list(sim.POLICIES.members)


def policy(name):
    return TypeAdapter(sim.POLICIES.members[name]).validate_python({"kind": name})


def scenario(name, **training):
    """Rollouts from the policy as it stood one rollout ago."""
    world = {"kind": "token_tree", "vocab_size": 3, "max_length": 2, "reward": {"rule": "count", "token": 1}}
    return sim.load(
        {
            "title": "A run taken apart",
            "question": "Is it the same?",
            "environment": world,
            "policy": {"kind": name},
            "method": {"name": "grpo"},
            "optimizer": {"name": "adam", "learning_rate": {"values": [0.1, 0.2]}},
            "rollouts": {"kind": "sampled", "staleness": 1},
            "training": {"num_rollouts": 3, "group_size": 4, "seeds": 2, **training},
            "record": {"probes": ["ratio", "update"]},
        }
    )


@pytest.mark.parametrize("name", NAMES)
def test_tokens_are_drawn_from_the_logits_of_their_rows(name):
    spoken = policy(name).prepare(jax.random.key(1), WORLD)
    params = noisy(spoken.init(KEY, WORLD))
    said = sim.rollouts.Sampled().walk(KEY, WORLD, spoken, params, 40)
    logits, rows = np.asarray(spoken.logits(params, said)), np.asarray(spoken.rows(said))
    uniforms = np.moveaxis(np.asarray(jax.random.uniform(KEY, (3, 2, 40))), 0, 2)
    # token v is the one with cdf[v − 1] <= u < cdf[v]
    above = np.cumsum(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), axis=1)[rows]
    below = np.concatenate([np.zeros((*rows.shape, 1)), above[..., :-1]], axis=-1)
    tokens, mask = np.asarray(said.tokens)[..., None], np.asarray(said.mask)
    bottom, top = (np.take_along_axis(edges, tokens, axis=-1)[..., 0] for edges in (below, above))
    assert np.all(((bottom - 1e-12 <= uniforms) & (uniforms < top + 1e-12))[mask])
    assert np.ptp(above[mask][:, 0]) > 0.1 and len(np.unique(said.tokens[said.mask])) == 3  # or nothing was tested


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_lanes_of_a_sweep_are_the_runs_alone_and_stretches_the_run_in_one_piece(name):
    question = scenario(name)
    (chunk,) = execute(make_plan(question))
    advance = jax.jit(sim.advance, static_argnames="count")
    experiment, key = question.points[1].experiment, jax.random.key(1)
    whole = jax.jit(sim.simulate)(experiment, key)
    (lane,) = np.flatnonzero((chunk.points == 1) & (chunk.seeds == 1))
    state, pieces = sim.init(experiment, key), []
    for first in (0, 2):
        state, trace = advance(experiment, key, state, jnp.asarray(first), 2)
        pieces.append(trace.metrics)
    for metric, values in whole.metrics.items():
        np.testing.assert_allclose(chunk.trace.metrics[metric][lane], values, rtol=1e-9, atol=1e-11, err_msg=metric)
        together = np.concatenate([piece[metric] for piece in pieces])[:3]
        np.testing.assert_allclose(together, values, rtol=1e-9, atol=1e-11, err_msg=metric)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11), state.params, whole.params)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_starts_uniform_unless_it_is_told_otherwise(name):
    spoken = policy(name).prepare(jax.random.key(1), WORLD)
    said = sim.rollouts.Sampled().walk(KEY, WORLD, spoken, spoken.init(KEY, WORLD), 4)
    np.testing.assert_array_equal(np.ptp(spoken.logits(spoken.init(KEY, WORLD), said), axis=1), 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_two_seeds_start_differently_where_anything_is_drawn(name):
    experiment = replace(scenario(name).points[0].experiment, policy=policy(name))
    one, again, other = (jax.tree.leaves(sim.init(experiment, jax.random.key(seed)).params) for seed in (0, 0, 1))
    assert all(np.array_equal(left, right) for left, right in zip(one, again, strict=True))
    differ = any(np.any(left != right) for left, right in zip(one, other, strict=True))
    assert differ == (name in ("low_rank", "transformer"))  # the others start at zeros
