"""A peer that does not need torch trains as we do: the same logits, the same metrics, from the same tokens."""

import numpy as np
import pytest

from benchmarks import equality, ours
from benchmarks.peers import minimal_jax, numpy_loop
from benchmarks.problem import MEDIUM, METRICS, Problem, Trained

TINY = Problem("small", num_prompts=2, group_size=4, length=3, vocab_size=5, num_rollouts=6, learning_rate=0.1)
PEERS = {"numpy": numpy_loop.train, "jax": minimal_jax.train}


@pytest.fixture(scope="module")
def recorded():
    return ours.recorded(TINY, TINY.num_rollouts)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_agrees_on_our_tokens(name, recorded):
    tokens, own = recorded
    assert set(own.metrics) == set(METRICS)
    assert np.abs(own.logits).max() > 0.1
    assert own.metrics["clip/active"].max() > 0
    assert own.metrics["drift/excess_max"].max() > 0
    assert equality.check(name, PEERS[name], TINY, tokens, own) < 1e-10


def test_a_peer_that_computes_something_else_is_refused(recorded):
    tokens, own = recorded

    def forgets_the_last_rollout(problem, num_rollouts, tokens):
        found = numpy_loop.train(problem, num_rollouts, tokens)
        return Trained(numpy_loop.train(problem, num_rollouts - 1, tokens).logits, found.metrics)

    with pytest.raises(equality.Unequal, match="forgetful, small: logits differs by"):
        equality.check("forgetful", forgets_the_last_rollout, TINY, tokens, own)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_learns_from_its_own_samples(name):
    found = PEERS[name](TINY, 40)
    right = np.take_along_axis(found.logits, TINY.targets.reshape(-1, 1), axis=1)
    assert (right[:, 0] == found.logits.max(axis=1)).mean() > 0.6


def test_numpy_samples_what_the_policy_says():
    problem = Problem("small", num_prompts=1, group_size=40_000, length=2, vocab_size=3, num_rollouts=1)
    chances = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    with np.errstate(divide="ignore"):
        said = numpy_loop.sample(problem, np.random.default_rng(0), np.log(chances))
    shares = np.stack([np.bincount(said[0, :, position], minlength=3) for position in range(2)]) / 40_000
    np.testing.assert_allclose(shares, chances, atol=0.01)


def test_the_scenario_has_the_sizes_that_it_says():
    (point,) = ours.scenario(MEDIUM).points
    environment = point.experiment.environment
    assert (environment.num_states, environment.vocab_size, environment.max_length) == (32, 32, 8)
