"""The oracle against a recursion over prefixes that knows nothing of states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulator import exact
from simulator.environments.bandit import Bandit
from simulator.environments.reward_rules import CountToken
from simulator.environments.token_tree import TokenTree
from simulator.policies.tabular import Tabular
from tests.environments import prefixes

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


@pytest.fixture(scope="module")
def every():
    return exact.all_completions(TREE)


def logprobs(logits, every):
    return exact.completion_logprobs(Tabular(), jax.nn.log_softmax(jnp.asarray(logits)), every)


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


def test_the_return_of_a_bandit_is_the_mean_of_its_arms():
    bandit = Bandit(rewards=np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 2.0, 0.0]]))
    rollout = exact.all_completions(bandit)
    log_probs = exact.completion_logprobs(Tabular(), jnp.full((2, 4), jnp.log(0.25)), rollout)
    np.testing.assert_allclose(exact.expected_return(log_probs, rollout), (0.25 + 1.0) / 2, rtol=1e-14)


def test_what_is_too_large_is_not_enumerated():
    small = TokenTree(vocab_size=3, max_length=3, reward=CountToken(token=1))
    large = TokenTree(vocab_size=11, max_length=4, reward=CountToken(token=1))  # over 10,000 completions of 4 tokens
    assert exact.enumerable(small) and not exact.enumerable(large)
