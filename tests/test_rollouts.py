"""Rollouts: completions end where they should, and come from whom they should."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

from simulator.environments.bandit import Bandit
from simulator.environments.reward_rules import CountToken
from simulator.environments.token_tree import TokenTree
from simulator.policies.tabular import Tabular
from simulator.rollouts import Fixed, Sampled
from tests.environments import prefixes

pytestmark = pytest.mark.usefixtures("strict_promotion")

TREE = TokenTree(vocab_size=3, max_length=4, num_prompts=2, reward=CountToken(token=1))
POLICY = Tabular(start="gaussian")
PARAMS = POLICY.init(jax.random.key(5), TREE)


def sample(seed=0, group_size=50, environment=TREE, params=PARAMS):
    return map(np.asarray, Sampled().tokens(jax.random.key(seed), environment, POLICY, params, group_size))


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
        _, tokens, mask = fixed.tokens(jax.random.key(seed), TREE, POLICY, PARAMS, 2)
        np.testing.assert_array_equal(np.where(mask, tokens, -1)[0], [[1, 0, -1, -1], [2, 2, 1, 0]])
        np.testing.assert_array_equal(np.where(mask, tokens, -1)[1], [[2, 0, -1, -1], [0, -1, -1, -1]])


def test_fixed_completions_of_a_file_may_differ_in_length():
    fixed = TypeAdapter(Fixed).validate_python({"kind": "fixed", "completions": (((1,), (2, 2, 1, 1)),)})
    _, tokens, mask = fixed.tokens(jax.random.key(0), replace(TREE, num_prompts=1), POLICY, PARAMS, 2)
    np.testing.assert_array_equal(np.where(mask, tokens, -1)[0], [[1, 0, -1, -1], [2, 2, 1, 1]])
