"""Rollouts: completions end where they should, and come from whom they should."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

import simulator as sim
from simulator.environments.bandit import Bandit
from simulator.environments.rewards import CountToken
from simulator.environments.token_tree import TokenTree
from simulator.policies.tabular import Tabular
from simulator.probes.base import PROBES, Probe
from simulator.rollouts import Fixed, Sampled
from tests.environments import prefixes

pytestmark = pytest.mark.usefixtures("strict_promotion")

TREE = TokenTree(vocab_size=3, max_length=4, num_prompts=2, reward=CountToken(token=1))
POLICY = Tabular(start="gaussian")
PARAMS = POLICY.init(jax.random.key(5), TREE)


def walk(rollouts, seed=0, group_size=50, environment=TREE, params=PARAMS):
    """States, tokens and mask of one rollout."""
    said = rollouts.walk(jax.random.key(seed), environment, POLICY, params, group_size)
    np.testing.assert_array_equal(said.chosen, said.mask)  # nothing follows with certainty in these worlds
    return map(np.asarray, (said.states, said.tokens, said.mask))


def sample(**changes):
    return walk(Sampled(), **changes)


def test_a_completion_goes_up_to_its_first_end_token_or_to_its_last_position():
    _, tokens, mask = sample()
    for text, said in zip(tokens.reshape(-1, 4), mask.reshape(-1, 4), strict=True):
        ended = np.flatnonzero(text == 0)
        length = ended[0] + 1 if len(ended) else 4
        np.testing.assert_array_equal(said, np.arange(4) < length)


def test_what_follows_the_end_of_a_completion_is_filled_with_token_0():
    _, tokens, mask = sample()
    assert np.any(~mask) and np.all(tokens[~mask] == 0)


def test_the_state_is_the_prefix():
    states, tokens, mask = sample()
    number = {text: index for index, text in enumerate(prefixes.unfinished(3, 4))}  # 1 + 2 + 4 + 8 prefixes a prompt
    for prompt, completion, position in np.argwhere(mask):
        said = tuple(tokens[prompt, completion, :position].tolist())
        assert states[prompt, completion, position] == 15 * prompt + number[said]


def test_a_completion_comes_as_often_as_the_policy_says():
    count = 20_000
    _, tokens, mask = sample(group_size=count)
    logits = np.asarray(PARAMS["logits"])
    conditional = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    number = {text: index for index, text in enumerate(prefixes.unfinished(3, 4))}
    for prompt in range(2):
        spoken = [tuple(text[said].tolist()) for text, said in zip(tokens[prompt], mask[prompt], strict=True)]
        for text in prefixes.completions(3, 4):
            chance = np.prod([conditional[15 * prompt + number[text[:t]], text[t]] for t in range(len(text))])
            assert abs(spoken.count(text) / count - chance) < 4 * np.sqrt(chance * (1 - chance) / count)


def test_the_same_key_says_the_same_and_another_key_does_not():
    _, first, _ = sample(seed=1)
    _, again, _ = sample(seed=1)
    _, other, _ = sample(seed=2)
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_a_bandits_completion_is_one_token():
    bandit = Bandit(rewards=np.eye(3))
    states, tokens, mask = sample(environment=bandit, params={"logits": jnp.zeros((3, 3))})
    assert tokens.shape == (3, 50, 1) and mask.all()
    np.testing.assert_array_equal(states[..., 0], np.arange(3)[:, None].repeat(50, axis=1))


def test_fixed_completions_are_said_whatever_the_policy_and_the_key():
    # −1 fills up what is shorter than the longest; the end token may be written or left out
    fixed = Fixed(completions=np.array([[[1, 0, -1], [2, 2, 1]], [[2, -1, -1], [0, -1, -1]]]))
    for seed in (0, 1):
        _, tokens, mask = walk(fixed, seed=seed, group_size=2)
        np.testing.assert_array_equal(np.where(mask, tokens, -1)[0], [[1, 0, -1, -1], [2, 2, 1, 0]])
        np.testing.assert_array_equal(np.where(mask, tokens, -1)[1], [[2, 0, -1, -1], [0, -1, -1, -1]])


def test_fixed_completions_of_a_file_may_differ_in_length():
    fixed = TypeAdapter(Fixed).validate_python({"kind": "fixed", "completions": (((1,), (2, 2, 1, 1)),)})
    _, tokens, mask = walk(fixed, group_size=2, environment=replace(TREE, num_prompts=1))
    np.testing.assert_array_equal(np.where(mask, tokens, -1)[0], [[1, 0, -1, -1], [2, 2, 1, 1]])


# Staleness: two prompts with three arms, six completions each, two updates on every rollout

REWARDS = np.array([[1.0, 0.0, 0.5], [0.0, 0.2, 0.9]])
KEY = jax.random.key(4)
ROLLOUTS, RATE = 6, 3.0


def stale(staleness):
    return sim.Experiment(
        environment=Bandit(rewards=REWARDS),
        policy=Tabular(),
        method=sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
        optimizer=sim.optimizer("sgd", learning_rate=RATE),
        training=sim.Training(num_rollouts=ROLLOUTS, group_size=6, epochs=2),
        rollouts=Sampled(staleness=staleness),
        record=sim.Record(probes=("ratio", "clip", "kl", "ratio_before"), ratios=sim.Stride()),
    )


@pytest.fixture(autouse=True)
def ratio_before(monkeypatch):
    """A probe: the ratios that each update's gradient sees."""
    before = Probe(lambda step: {"ratio_before": jnp.exp(step.before.log_ratio[..., 0])})
    monkeypatch.setitem(PROBES.members, "ratio_before", before)


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def by_hand(staleness):
    """Everything that such a run records, in NumPy: only the uniform numbers are jax's, token draws are consumer 1."""
    logits = [np.zeros((2, 3))]  # at the beginning of each rollout
    prompts = np.arange(2)[:, None]
    found = {
        name: np.zeros((ROLLOUTS, 2)) for name in ("ratio/mean", "ratio/min", "ratio/max", "ratio/ess", "kl", "clip")
    }
    found |= {name: np.zeros((ROLLOUTS, 2, 2, 6)) for name in ("before", "after")} | {"tokens": []}
    for i in range(ROLLOUTS):
        spoke = log_softmax(logits[max(i - staleness, 0)])
        uniforms = np.asarray(jax.random.uniform(jax.random.fold_in(jax.random.fold_in(KEY, i), 1), (1, 2, 6)))[0]
        tokens = np.array([np.searchsorted(np.cumsum(np.exp(spoke[p])), uniforms[p]) for p in range(2)])
        rewards = REWARDS[prompts, tokens]
        advantages = rewards - rewards.mean(axis=1, keepdims=True)
        theta = logits[-1].copy()
        for k in range(2):
            speaks = log_softmax(theta)
            ratio = np.exp(speaks - spoke)[prompts, tokens]
            cut = ((advantages > 0) & (ratio > 1.2)) | ((advantages < 0) & (ratio < 0.8))
            ascent = np.zeros((2, 3))
            for p, g in np.ndindex(2, 6):
                push = 0.0 if cut[p, g] else ratio[p, g] * advantages[p, g] / 12
                ascent[p] += push * (np.eye(3)[tokens[p, g]] - np.exp(speaks[p]))
            theta += RATE * ascent
            after = np.exp(log_softmax(theta) - spoke)[prompts, tokens]
            found["before"][i, k], found["after"][i, k], found["clip"][i, k] = ratio, after, cut.mean()
            found["ratio/mean"][i, k], found["ratio/ess"][i, k] = after.mean(), after.sum() ** 2 / 12 / (after**2).sum()
            found["ratio/min"][i, k], found["ratio/max"][i, k] = after.min(), after.max()
            found["kl"][i, k] = np.mean(np.sum(np.exp(spoke) * (spoke - log_softmax(theta)), axis=1))
        found["tokens"].append(tokens)
        logits.append(theta)
    return found, logits[-1]


def run(staleness):
    return jax.jit(sim.simulate)(stale(staleness), KEY)


@pytest.mark.parametrize("staleness", [0, 1, 3])
def test_a_rollout_is_drawn_from_the_policy_of_so_many_rollouts_ago(staleness):
    trace, (found, logits) = run(staleness), by_hand(staleness)
    np.testing.assert_array_equal(trace.tokens.tokens[..., 0], found["tokens"])
    np.testing.assert_allclose(trace.metrics["ratio_before"], found["before"], rtol=1e-12)
    np.testing.assert_allclose(np.exp(trace.tokens.log_ratio[..., 0]), found["after"], rtol=1e-12)
    for name in ("ratio/mean", "ratio/min", "ratio/max", "ratio/ess"):
        np.testing.assert_allclose(trace.metrics[name], found[name], rtol=1e-12, err_msg=name)
    assert 0 < found["clip"].mean() < 1  # or nothing of the clip was tested
    np.testing.assert_allclose(trace.metrics["clip/active"], found["clip"], rtol=1e-12)
    np.testing.assert_allclose(trace.metrics["kl/behavior_exact"], found["kl"], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(trace.params["logits"], logits, rtol=1e-12)


def test_the_first_ratios_of_a_rollout_are_one_unless_it_is_stale():
    fresh, one_late = (np.asarray(run(staleness).metrics["ratio_before"])[:, 0] for staleness in (0, 1))
    np.testing.assert_array_equal(fresh, np.ones((ROLLOUTS, 2, 6)))
    np.testing.assert_array_equal(one_late[0], np.ones((2, 6)))  # training has just begun
    assert np.all(np.abs(one_late[1:] - 1).max(axis=(1, 2)) > 0.01)


@pytest.mark.parametrize("count", [2, 4, 7])
def test_a_stale_run_in_stretches_is_the_run_in_one_piece(count):
    whole, advance = run(2), jax.jit(sim.advance, static_argnames="count")
    state, pieces = sim.init(stale(2), KEY), []
    for first in range(0, ROLLOUTS, count):
        state, trace = advance(stale(2), KEY, state, jnp.asarray(first), count)
        pieces.append(trace.metrics)
    for name, values in whole.metrics.items():
        np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces])[:ROLLOUTS], values)
    np.testing.assert_array_equal(state.params["logits"], whole.params["logits"])


def test_more_staleness_than_rollouts_is_a_policy_that_never_learns_what_to_say():
    tokens = np.asarray(run(ROLLOUTS).tokens.tokens)[..., 0]
    for i in range(ROLLOUTS):
        uniforms = jax.random.uniform(jax.random.fold_in(jax.random.fold_in(KEY, i), 1), (1, 2, 6))[0]
        np.testing.assert_array_equal(tokens[i], np.floor(3 * uniforms))
