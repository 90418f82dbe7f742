"""The token tree against plain recursion over prefixes."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.environments.rewards import CountToken, Match
from simulator.environments.token_tree import TokenTree
from simulator.exact import list_completions
from tests.environments import prefixes

pytestmark = pytest.mark.usefixtures("strict_promotion")

SIZES = [(2, 1), (2, 4), (3, 3), (5, 2)]  # vocabulary, longest completion


ONES = CountToken(token=1)


def tree(vocab_size, max_length, num_prompts=1, reward=ONES, **fields):
    return TokenTree(vocab_size=vocab_size, max_length=max_length, num_prompts=num_prompts, reward=reward, **fields)


@pytest.mark.parametrize(("vocab_size", "max_length"), SIZES)
def test_every_completion_is_listed_exactly_once(vocab_size, max_length):
    environment = tree(vocab_size, max_length)
    listed = [tuple(int(token) for token in row if token >= 0) for row in environment.completions()]
    assert sorted(listed) == sorted(prefixes.completions(vocab_size, max_length))
    assert environment.num_completions == len(listed)


@pytest.mark.long
@pytest.mark.parametrize(("vocab_size", "max_length"), SIZES)
def test_states_are_one_to_one_with_prefixes(vocab_size, max_length):
    environment = tree(vocab_size, max_length, num_prompts=2)
    rollout = list_completions(environment).completions
    state_of, prefix_of = {}, {}
    for prompt, completion, position in np.argwhere(rollout.mask):
        said = (prompt, *np.asarray(rollout.tokens)[prompt, completion, :position].tolist())
        state = int(rollout.states[prompt, completion, position])
        assert state_of.setdefault(said, state) == state
        assert prefix_of.setdefault(state, said) == said
    wanted = [(prompt, *text) for prompt in range(2) for text in prefixes.unfinished(vocab_size, max_length)]
    assert sorted(state_of) == sorted(wanted)
    assert sorted(prefix_of) == list(range(environment.num_states))


@pytest.mark.parametrize(("vocab_size", "max_length"), SIZES)
def test_every_prompt_can_have_every_completion_and_the_policy_chooses_every_token(vocab_size, max_length):
    listed = list_completions(tree(vocab_size, max_length, num_prompts=2))
    assert np.all(listed.valid)
    np.testing.assert_array_equal(listed.completions.chosen, listed.completions.mask)


@pytest.mark.parametrize(("vocab_size", "max_length"), SIZES)
def test_a_prompt_has_the_number_of_states_that_its_docstring_gives(vocab_size, max_length):
    # Σ_{d<T} (V−1)^d
    assert tree(vocab_size, max_length).num_states == len(prefixes.unfinished(vocab_size, max_length))


def test_the_end_token_and_the_last_position_end_a_completion():
    environment = tree(3, 2)
    tokens = jnp.array([[0, 1, 2]])
    _, early = environment.step(jnp.zeros((1, 3), dtype=int), tokens, jnp.asarray(0))
    _, late = environment.step(jnp.ones((1, 3), dtype=int), tokens, jnp.asarray(1))
    np.testing.assert_array_equal(early, [[True, False, False]])
    np.testing.assert_array_equal(late, [[True, True, True]])


def test_the_cost_of_length_counts_the_end_token():
    # R = scale · (rule − cost · |o|) with the rule "how often is 1 said"
    environment = tree(3, 3, length_cost=0.1, reward_scale=2.0)
    tokens = jnp.array([[[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 2, 1]]])
    mask = jnp.array([[[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]], dtype=bool)
    expected = [[2 * (0 - 0.1), 2 * (1 - 0.2), 2 * (2 - 0.3), 2 * (2 - 0.3)]]
    found = environment.expected_rewards(tokens, mask, jnp.asarray(0))
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"reward": Match(target=(1, 2, 1, 2))}, "reward"),  # longer than max_length
        ({"reward": Match(target=(1, 3))}, "reward"),  # token 3 of a vocabulary 0 to 2
        ({"reward": Match(target=(1, 0, 1))}, "reward"),  # goes on after the end
        ({"reward": CountToken(token=7)}, "reward"),
        ({"max_length": 40}, "max_length"),  # 2^40 states
        ({"max_length": 20_000}, "max_length"),  # a number of states that has more digits than Python prints
    ],
)
def test_a_tree_that_makes_no_sense_says_where(fields, key):
    problems = list(tree(**{"vocab_size": 3, "max_length": 3, **fields}).problems())
    assert [where for where, _ in problems] == [key]


@pytest.mark.parametrize("target", [(0,), (1,), (1, 2), (1, 2, 0), (1, 2, 1)])
def test_a_sound_tree_has_no_problems(target):
    assert not list(tree(3, 3, reward=Match(target=target)).problems())
