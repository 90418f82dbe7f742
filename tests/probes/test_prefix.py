"""The realised push on a shared prefix: the covariance of weights and advantages, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.environments.rewards import Table
from simulator.environments.token_tree import TokenTree
from simulator.probes.prefix import prefix
from tests.environments import prefixes
from tests.probes.steps import sharers, step_of

run = jax.jit(sim.simulate)

# Four completions that begin with 1, 2, and what they are worth; 0 ends one, and so does the fifth token.
TEXTS = [(1, 2, 0), (1, 2, 1, 0), (1, 2, 2, 1, 0), (1, 2, 1, 1, 1)]
LENGTHS = np.array([3, 4, 5, 5])
RAGGED = [1.0, 0.2, -0.4, 0.7]
BINARY = [1.0, 0.0, 0.0, 1.0]


def first_update(method, rewards, texts=TEXTS):
    """The metrics of the first update, at ratio 1, on one prompt."""
    padded = np.array([[[*text, *[-1] * (5 - len(text))] for text in texts]])
    experiment = sim.Experiment(
        environment=TokenTree(
            vocab_size=3, max_length=5, reward=Table(completions=tuple(texts), values=np.array(rewards))
        ),
        policy=sim.policies.Tabular(bias=np.array([0.1, -0.3, 0.2])),
        method=method,
        optimizer=sim.optimizer("sgd", learning_rate=0.1),
        training=sim.Training(num_rollouts=1, group_size=len(texts)),
        rollouts=sim.rollouts.Fixed(completions=padded),
        record=sim.Record(probes=("prefix",)),
    )
    metrics = run(experiment, jax.random.key(0)).metrics
    return {name: float(values[0, 0]) for name, values in metrics.items()}


@pytest.mark.parametrize("ddof", [0, 1])
def test_grpos_prefix_weight_is_the_covariance_of_weights_and_advantages(ddof):
    advantages = (RAGGED - np.mean(RAGGED)) / np.std(RAGGED, ddof=ddof)
    omega = 1 / (4 * LENGTHS)  # 1/(B L_i), B = G for one prompt
    covariance = np.mean((omega - omega.mean()) * (advantages - advantages.mean()))
    found = first_update(sim.methods.GRPO(ddof=ddof, eps=0.0), RAGGED)["prefix/weight"]
    assert found == pytest.approx(4 * covariance, abs=1e-12)
    assert abs(found) > 1e-3


@pytest.mark.parametrize(
    "method", [sim.methods.DAPO(eps=0.0), sim.methods.DrGRPO(), sim.methods.CISPO(eps=0.0)], ids=lambda m: m.name
)
def test_weights_that_are_equal_within_the_group_leave_no_push_on_the_prefix(method):
    found = first_update(method, RAGGED)
    assert found["prefix/weight"] == pytest.approx(0.0, abs=1e-15)
    assert found["prefix/grad_share"] == pytest.approx(0.0, abs=1e-14)


def test_for_binary_rewards_the_weight_compares_mean_inverse_lengths():
    # With ω = 1/(G L) and A = (R − p)/σ, σ = √(p(1−p)): a correct completion has A = √((1−p)/p), a wrong one
    # −√(p/(1−p)). Of the G there are pG and (1−p)G, so W = Σ A/(G L) = √(p(1−p)) · (h₊ − h₋), h± = mean of 1/L
    # over the correct and over the wrong.
    share, correct = np.mean(BINARY), np.array(BINARY) == 1
    expected = np.sqrt(share * (1 - share)) * (np.mean(1 / LENGTHS[correct]) - np.mean(1 / LENGTHS[~correct]))
    assert first_update(sim.methods.GRPO(ddof=0, eps=0.0), BINARY)["prefix/weight"] == pytest.approx(
        expected, abs=1e-14
    )
    # the sample deviation is larger by √(G/(G−1))
    sample = first_update(sim.methods.GRPO(ddof=1, eps=0.0), BINARY)["prefix/weight"]
    assert sample == pytest.approx(expected * np.sqrt(3 / 4), abs=1e-14)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ddof", [0, 1])
def test_that_comparison_is_exact_whatever_the_lengths(ddof, seed):
    # a group of eight with its first token in common; the share of right ones, and the lengths, are drawn
    rng = np.random.default_rng(seed)
    lengths, correct = rng.integers(1, 7, size=8), rng.permutation(8) < rng.integers(1, 8)
    surrogate = sim.methods.GRPO(ddof=ddof, eps=0.0).surrogate()
    advantages = np.asarray(surrogate.advantage(jnp.asarray(correct[None].astype(float))))
    tokens = np.concatenate([np.zeros((8, 1), dtype=int), np.tile(np.arange(8)[:, None], 6)], axis=1)
    mask = np.arange(7) < 1 + lengths[:, None]
    found = prefix(step_of(np.ones((1, 8, 7)), advantages, mask[None], surrogate, tokens=tokens[None]))
    share, inverse = np.mean(correct), 1 / (1 + lengths)
    expected = np.sqrt(share * (1 - share)) * (np.mean(inverse[correct]) - np.mean(inverse[~correct]))
    expected *= np.sqrt(7 / 8) if ddof else 1.0
    assert float(found["prefix/weight"]) == pytest.approx(expected, abs=1e-15)


def test_the_prefix_is_pushed_up_where_the_short_completions_are_right():
    assert first_update(sim.methods.GRPO(), [1.0, 0.0, 0.0, 0.0])["prefix/weight"] > 0
    assert first_update(sim.methods.GRPO(), [0.0, 0.0, 0.0, 1.0])["prefix/weight"] < 0


def test_the_share_of_the_gradient_is_that_of_the_prefixs_rows():
    # In a tree the two prefix tokens have rows of their own, so the share is the norm of those rows over the whole
    policy = np.exp([0.1, -0.3, 0.2]) / np.exp([0.1, -0.3, 0.2]).sum()
    advantages = (RAGGED - np.mean(RAGGED)) / np.std(RAGGED, ddof=1)
    number = {text: index for index, text in enumerate(prefixes.unfinished(3, 5))}
    gradient = np.zeros((len(number), 3))
    for text, length, advantage in zip(TEXTS, LENGTHS, advantages, strict=True):
        for t, token in enumerate(text):
            gradient[number[text[:t]]] += advantage / (4 * length) * (np.eye(3)[token] - policy)
    rows = [number[()], number[(1,)]]
    expected = np.linalg.norm(gradient[rows]) / np.linalg.norm(gradient)
    found = first_update(sim.methods.GRPO(eps=0.0), RAGGED)["prefix/grad_share"]
    assert 0 < found < 1 and found == pytest.approx(expected, rel=1e-12)


def test_nothing_shared_is_undefined():
    apart = [(1, 2, 0), (2, 0), (1, 2, 2, 1, 0), (0,)]
    found = first_update(sim.methods.GRPO(), RAGGED, texts=apart)
    assert np.isnan(found["prefix/weight"]) and np.isnan(found["prefix/grad_share"])


def test_completions_of_one_token_have_no_prefix_metrics():
    assert prefix(step_of(np.ones((1, 2, 1)))) == {}


def test_the_mean_is_over_the_shared_tokens_of_all_prompts():
    # prompt 0 shares two tokens, prompt 1 one; all six completions have three tokens, and weigh 1/(6 · 3)
    tokens = [[[1, 2, 1], [1, 2, 2], [1, 2, 0]], [[2, 1, 1], [2, 2, 1], [2, 0, 1]]]
    advantages = [[1.0, 2.0, 4.0], [-1.0, -1.0, 0.5]]  # not centred, so that something is left
    found = prefix(step_of(np.ones((2, 3, 3)), advantages, tokens=tokens))
    assert float(found["prefix/weight"]) == pytest.approx((7 + 7 - 1.5) / 18 / 3, rel=1e-13)


def test_a_completion_that_has_ended_shares_no_more():
    tokens = [[[1, 0, 0], [1, 0, 0]], [[1, 2, 1], [1, 2, 1]]]
    mask = [[[1, 1, 0], [1, 1, 0]], [[1, 1, 1], [1, 1, 1]]]
    step = step_of(np.ones((2, 2, 3)), tokens=tokens, mask=mask)
    both = np.sum(sharers(step.before), axis=2) == 2
    np.testing.assert_array_equal(both, [[[True, True, False]] * 2, [[True, True, True]] * 2])


@pytest.mark.parametrize(
    ("ratio", "pushing"),
    [(1.5, [-3.0, -1.0]), (0.5, [1.0, 3.0])],  # A > 0 is cut above the band, A < 0 below: the others push back
)
def test_clipped_sharers_leave_a_push_back_into_the_band(ratio, pushing):
    # a shared token has one ratio, so the clip silences the sharers of one sign: W = ρ Σ_{the others} ω A
    ratios = np.ones((1, 4, 2))
    ratios[..., 0] = ratio
    step = step_of(ratios, [[1.0, 3.0, -3.0, -1.0]], tokens=[[[1, 1], [1, 2], [1, 0], [1, 3]]])
    omega = 1 / (4 * 2)
    expected = ratio * omega * sum(pushing)
    assert float(prefix(step)["prefix/weight"]) == pytest.approx(expected, rel=1e-13)
    assert np.sign(expected) == np.sign(1 - ratio)


def test_a_gradient_of_nothing_has_no_share():
    step = step_of(np.ones((1, 2, 2)), np.zeros((1, 2)))
    assert np.isnan(prefix(step)["prefix/grad_share"])
    assert jnp.isfinite(prefix(step)["prefix/weight"])
