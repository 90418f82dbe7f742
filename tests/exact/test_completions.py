"""The oracle against a recursion over prefixes that knows nothing of states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator import exact
from simulator.environments.bandit import Bandit
from simulator.environments.rewards import CountToken, Jump
from simulator.environments.token_tree import TokenTree
from simulator.policies.log_linear import LogLinear
from simulator.policies.tabular import Tabular
from tests.environments import prefixes
from tests.exact.worlds import CHANCE, UNEVEN, Spelled, logits, paid

pytestmark = pytest.mark.usefixtures("strict_promotion")

TREE = TokenTree(vocab_size=3, max_length=3, num_prompts=2, reward=CountToken(token=1), length_cost=0.1)
LOGITS, OTHER = (np.random.default_rng(seed).normal(size=(14, 3)) for seed in (0, 1))
NUMBER = {text: index for index, text in enumerate(prefixes.unfinished(3, 3))}  # 1 + 2 + 4 prefixes a prompt


def speak(logits, prompt, text, token):
    """π(token | text) for one prompt."""
    row = logits[7 * prompt + NUMBER[text]]
    return np.exp(row[token]) / np.exp(row).sum()


def worth(text):
    """The number of ones, less a tenth a token."""
    return text.count(1) - 0.1 * len(text)


def value(prompt, text=()):
    """E[R] of the completions that go on from `text`."""
    if prefixes.ends(text, 3):
        return worth(text)
    return sum(speak(LOGITS, prompt, text, token) * value(prompt, (*text, token)) for token in range(3))


def kl(of, to, prompt, text=()):
    """KL of the completions that go on from `text`, by the chain rule: token by token."""
    if prefixes.ends(text, 3):
        return 0.0
    total = 0.0
    for token in range(3):
        p, q = speak(of, prompt, text, token), speak(to, prompt, text, token)
        total += p * (np.log(p / q) + kl(of, to, prompt, (*text, token)))
    return total


def entropy(prompt, text=()):
    """−Σ π log π of the completions that go on from `text`, by the chain rule."""
    if prefixes.ends(text, 3):
        return 0.0
    each = [(speak(LOGITS, prompt, text, token), entropy(prompt, (*text, token))) for token in range(3)]
    return sum(p * (further - np.log(p)) for p, further in each)


@pytest.fixture(scope="module")
def every():
    return exact.list_completions(TREE)


def logprobs(logits, every):
    return exact.completion_logprobs(Tabular(), {"logits": jnp.asarray(logits)}, every)


def test_the_probabilities_of_all_completions_sum_to_one(every):
    np.testing.assert_allclose(np.exp(logprobs(LOGITS, every)).sum(axis=1), [1.0, 1.0], rtol=1e-14)


def test_every_completion_has_the_product_of_its_tokens_probabilities(every):
    found = logprobs(LOGITS, every)
    for prompt in range(2):
        for index, row in enumerate(TREE.completions()):
            text = tuple(int(token) for token in row if token >= 0)
            product = np.prod([speak(LOGITS, prompt, text[:t], text[t]) for t in range(len(text))])
            np.testing.assert_allclose(np.exp(found[prompt, index]), product, rtol=1e-13)


def test_the_expected_return_is_the_recursions(every):
    expected = (value(0) + value(1)) / 2
    np.testing.assert_allclose(exact.expected_return(logprobs(LOGITS, every), every), expected, rtol=1e-13)


def test_the_divergence_is_the_recursions(every):
    expected = (kl(LOGITS, OTHER, 0) + kl(LOGITS, OTHER, 1)) / 2
    found = exact.divergence(logprobs(LOGITS, every), logprobs(OTHER, every))
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    np.testing.assert_allclose(exact.divergence(logprobs(LOGITS, every), logprobs(LOGITS, every)), 0.0, atol=1e-15)


def test_the_entropy_is_the_recursions(every):
    expected = (entropy(0) + entropy(1)) / 2
    np.testing.assert_allclose(exact.entropy(logprobs(LOGITS, every)), expected, rtol=1e-13)


def test_a_completion_that_is_never_said_adds_nothing():
    # exp(−2000) is no float above zero: 0 · log 0 is 0, as ever
    listed = exact.list_completions(Bandit(rewards=np.array([[1.0, 0.0, 5.0]])))
    certain, even = (logprobs(each, listed) for each in ([[0.0, 0.0, -2000.0]], [[0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(exact.entropy(certain), np.log(2), rtol=1e-14)
    np.testing.assert_allclose(exact.expected_return(certain, listed), 0.5, rtol=1e-14)
    np.testing.assert_allclose(exact.divergence(certain, even), np.log(3 / 2), rtol=1e-14)


def test_the_return_of_a_bandit_is_the_mean_of_its_arms():
    bandit = Bandit(rewards=np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 2.0, 0.0]]))
    listed = exact.list_completions(bandit)
    log_probs = exact.completion_logprobs(Tabular(), {"logits": jnp.zeros((2, 4))}, listed)
    np.testing.assert_allclose(exact.prompt_returns(log_probs, listed), [0.25, 1.0], rtol=1e-14)
    np.testing.assert_allclose(exact.expected_return(log_probs, listed), (0.25 + 1.0) / 2, rtol=1e-14)


def test_what_is_too_large_is_not_enumerated():
    small = TokenTree(vocab_size=3, max_length=3, reward=CountToken(token=1))
    large = TokenTree(vocab_size=11, max_length=4, reward=CountToken(token=1))  # over 10,000 completions of 4 tokens
    assert exact.enumerable(small) and not exact.enumerable(large)


# Worlds whose prompts have completions of their own, some tokens of which follow with certainty


def said(table, prompt, text):
    """π(text | prompt): the product over the tokens that are chosen."""
    product = 1.0
    for t, token in enumerate(text):
        if (prompt, text[:t]) not in UNEVEN.certain:
            row = np.exp(table[UNEVEN.prefixes().index((prompt, text[:t]))])
            product *= row[token] / row.sum()
    return product


def test_what_a_prompt_cannot_say_counts_nothing():
    listed, (of, to) = exact.list_completions(UNEVEN), (logits(UNEVEN, seed) for seed in (0, 1))
    returns, divergence, entropy = np.zeros(2), 0.0, 0.0
    for prompt, pairs in enumerate(UNEVEN.said):
        for text, ((_, sources),) in pairs:
            p, q = said(of, prompt, text), said(to, prompt, text)
            returns[prompt] += p * sum(sources)
            divergence += p * np.log(p / q) / 2
            entropy -= p * np.log(p) / 2
    # all five texts are listed for both: walking one of the other's ends in one of its own, which would count twice
    np.testing.assert_array_equal(listed.valid.sum(axis=1), [3, 2])
    found, other = logprobs(of, listed), logprobs(to, listed)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), [1.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(exact.prompt_returns(found, listed), returns, rtol=1e-13)
    np.testing.assert_allclose(exact.divergence(found, other), divergence, rtol=1e-13)
    np.testing.assert_allclose(exact.entropy(found), entropy, rtol=1e-13)


def test_tokens_that_follow_with_certainty_are_walked_but_not_chosen():
    listed = exact.list_completions(UNEVEN)
    which = UNEVEN.texts().index((1, 1, 1))
    np.testing.assert_array_equal(listed.completions.mask[1, which], [True, True, True])
    np.testing.assert_array_equal(listed.completions.chosen[1, which], [True, False, False])


# The gradient of the return


def at(environment, params, policy=None):
    """E[R] of a policy, as a function that can be differentiated."""
    listed = exact.list_completions(environment)
    return exact.expected_return(exact.completion_logprobs(policy or Tabular(), params, listed), listed)


@pytest.mark.parametrize(
    "environment",
    [
        TREE,
        UNEVEN,
        CHANCE,
        Bandit(rewards=np.array([[0.9, 0.1], [0.0, 0.2]]), distribution="gaussian", std=3.0, reward_scale=7.0),
    ],
    ids=["tree", "uneven", "chance", "bandit"],
)
def test_the_gradient_of_the_return_is_its_slope(environment):
    params = Tabular(start="gaussian", scale=1.5).init(jax.random.key(3), environment)
    found = exact.return_gradient(Tabular(), params, exact.list_completions(environment))["logits"]
    automatic = jax.grad(lambda params: at(environment, params))(params)["logits"]
    np.testing.assert_allclose(found, automatic, rtol=1e-12, atol=1e-15)

    step, finite = 1e-5, np.zeros(found.shape)
    slope = jax.jit(lambda ahead, behind: (at(environment, ahead) - at(environment, behind)) / (2 * step))
    for index in np.ndindex(found.shape):
        here = np.zeros(found.shape)
        here[index] = step
        finite[index] = slope({"logits": params["logits"] + here}, {"logits": params["logits"] - here})
    np.testing.assert_allclose(found, finite, atol=1e-8)


def test_the_gradient_of_the_return_reaches_parameters_that_states_share():
    policy = LogLinear(num_features=3, start="gaussian").prepare(jax.random.key(0), UNEVEN)
    params = policy.init(jax.random.key(1), UNEVEN)
    found = exact.return_gradient(policy, params, exact.list_completions(UNEVEN))["weights"]
    automatic = jax.grad(lambda params: at(UNEVEN, params, policy))(params)["weights"]
    np.testing.assert_allclose(found, automatic, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reward", [0.1, 0.7, 1e6])
def test_where_all_is_worth_the_same_the_gradient_is_exactly_zero(reward):
    # Σ π · 0.1 is not 0.1, and what is left over would point somewhere
    pays = tuple(tuple((text, paid(reward, prompt)) for text, _ in UNEVEN.said[prompt]) for prompt in (0, 1))
    world = Spelled(said=pays, certain=UNEVEN.certain)
    gradient = exact.return_gradient(
        Tabular(), {"logits": jnp.asarray(logits(world, 0))}, exact.list_completions(world)
    )
    np.testing.assert_array_equal(gradient["logits"], 0.0)


def test_the_list_is_worth_what_it_is_in_the_rollout_at_hand():
    bandit = Bandit(rewards=np.array([[1.0, 2.0]]), reward_scale=Jump(at=5, before=1.0, after=10.0))
    early = exact.list_completions(bandit)
    np.testing.assert_array_equal(early.rewards, [[1.0, 2.0]])
    np.testing.assert_array_equal(exact.rewarded(early, bandit, 5).rewards, [[10.0, 20.0]])
    np.testing.assert_array_equal(exact.list_completions(bandit, 5).rewards, [[10.0, 20.0]])
