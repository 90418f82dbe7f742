"""The token chain: completions as long as their target, three sights of what was said, two kinds of credit."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.environments.rewards import Ramp
from simulator.environments.token_chain import TokenChain
from simulator.exact import list_completions
from tests.small import tables

NOW = jnp.asarray(0)
TARGETS = ((2, 0), (1,), (0, 1, 1), (2, 2))
LENGTHS = (2, 1, 3, 2)
CONTEXTS = ("position", "last_token", "prefix")


def chain(**fields):
    return TokenChain(**{"vocab_size": 3, "targets": TARGETS, **fields})


def worth(environment, texts):
    """What each prompt's text is worth; one text a prompt."""
    padded = [[*text, *[0] * (environment.max_length - len(text))] for text in texts]
    tokens = jnp.array(padded)[:, None]
    mask = jnp.array([[position < len(text) for position in range(environment.max_length)] for text in texts])[:, None]
    return environment.expected_rewards(tokens, mask, NOW)[:, 0, 0]


# Completions


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_prompt_has_all_completions_as_long_as_its_target_and_no_others(context):
    listed = list_completions(chain(context=context))
    said = listed.completions
    for prompt, length in enumerate(LENGTHS):
        texts = [
            tuple(said.tokens[prompt, row][said.mask[prompt, row]].tolist())
            for row in np.flatnonzero(listed.valid[prompt])
        ]
        assert sorted(texts) == list(itertools.product(range(3), repeat=length))
    np.testing.assert_array_equal(said.mask.sum(axis=-1), np.broadcast_to(np.array(LENGTHS)[:, None], (4, 39)))
    np.testing.assert_array_equal(said.chosen, said.mask)


def test_completions_are_listed_once_for_every_length():
    # 3 of one token, 9 of two, 27 of three
    environment = chain()
    assert environment.num_completions == 39 and environment.completions().shape == (39, 3)
    assert len(np.unique(environment.completions(), axis=0)) == 39


def test_completions_can_be_counted_where_they_cannot_be_listed():
    assert chain(vocab_size=128, targets=None, length=64).num_completions == 2**448


# States


def sight(context, prompt, said):
    """What the policy may know of a prompt and what was said."""
    if context == "last_token":
        return said[-1] if said else f"prompt {prompt}"
    return (prompt, len(said)) if context == "position" else (prompt, *said)


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(
    ("context", "num_states"),
    [
        ("position", 2 + 1 + 3 + 2),
        ("last_token", 3 + 4),  # a token, or one of four prompts
        ("prefix", (1 + 3) + 1 + (1 + 3 + 9) + (1 + 3)),
    ],
)
def test_a_state_is_what_the_context_shows_and_nothing_else(context, num_states):
    environment = chain(context=context)
    listed = list_completions(environment)
    said, state_of, seen_in = listed.completions, {}, {}
    for prompt, row, position in np.argwhere(said.mask & listed.valid[..., None]):
        seen = sight(context, int(prompt), tuple(said.tokens[prompt, row, :position].tolist()))
        state = int(said.states[prompt, row, position])
        assert state_of.setdefault(seen, state) == state
        assert seen_in.setdefault(state, seen) == seen
    assert environment.num_states == num_states
    assert sorted(seen_in) == list(range(num_states))


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize("context", CONTEXTS)
def test_no_state_is_out_of_range_even_beyond_the_end(context):
    environment = chain(context=context)
    states = list_completions(environment).completions.states
    assert states.min() >= 0 and states.max() < environment.num_states


# Rewards


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        ("dense", [1 / 2, 1, 2 / 3, 0]),  # right: 2 of (2, 0); 1 of (1); 0 and the last 1 of (0, 1, 1); none of (2, 2)
        ("sparse", [0, 1, 0, 0]),
    ],
)
@pytest.mark.parametrize("scale", [1.0, -3.0, 1e12, 1e-12])
def test_credit_is_the_share_of_right_positions_or_all_or_nothing(credit, expected, scale):
    found = worth(chain(credit=credit, reward_scale=scale), [(2, 1), (1,), (0, 2, 1), (0, 1)])
    np.testing.assert_allclose(found / scale, expected, rtol=1e-15)


@pytest.mark.parametrize("credit", ["dense", "sparse"])
def test_the_target_itself_is_worth_exactly_the_scale(credit):
    np.testing.assert_array_equal(worth(chain(credit=credit), TARGETS), [1.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_targets_are_drawn_by_numpys_generator(seed):
    environment = chain(targets=None, num_prompts=5, length=6, targets_seed=seed, credit="sparse")
    drawn = np.random.default_rng(seed or 0).integers(3, size=(5, 6))
    assert (environment.num_prompts, environment.max_length) == (5, 6)
    np.testing.assert_array_equal(worth(environment, drawn.tolist()), np.ones(5))
    np.testing.assert_array_equal(worth(environment, ((drawn + 1) % 3).tolist()), np.zeros(5))


def test_one_target_is_drawn_where_no_number_is_given():
    assert chain(targets=None, length=2).num_prompts == 1


# What is refused


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({"targets": None}, ["targets"]),  # neither targets nor how long they are
        ({"targets": None, "num_prompts": 2, "targets_seed": 1}, ["targets"]),
        ({"length": 2}, ["length"]),  # both
        ({"targets_seed": 0}, ["targets_seed"]),
        ({"num_prompts": 3}, ["num_prompts"]),
        ({"targets": ((0, 1), (2, 3))}, ["targets[1]"]),  # token 3 of a vocabulary 0 to 2
        ({"targets": None, "length": 64, "context": "prefix"}, ["context"]),  # 3^64 states
        ({"targets": None, "length": 64, "vocab_size": 128, "context": "prefix"}, ["context"]),
        ({"targets": None, "length": 1, "num_prompts": 10**9}, ["context"]),
        ({"reward_scale": Ramp(begin=3, end=3, after=2.0)}, ["reward_scale.end"]),
    ],
)
def test_a_chain_that_makes_no_sense_says_where(fields, keys):
    assert [key for key, _ in chain(**fields).problems()] == keys


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("fields", [{}, {"num_prompts": 4}, {"targets": None, "num_prompts": 2, "length": 3}])
def test_a_sound_chain_has_no_problems(fields, context):
    assert not list(chain(**fields, context=context).problems())


CHAIN = {"kind": "token_chain", "vocab_size": 3}


@pytest.mark.parametrize(
    ("fields", "key", "words"),
    [
        ({}, "targets", ["required", "length"]),
        ({"length": 65}, "length", ["<= 64", "65"]),
        ({"length": 0}, "length", [">= 1"]),
        ({"length": 2.0}, "length", ["integer", "2.0"]),
        ({"length": 2, "vocab_size": 129}, "vocab_size", ["<= 128", "129"]),
        ({"length": 2, "vocab_size": 1}, "vocab_size", [">= 2"]),
        ({"targets": [[0], [0] * 65]}, "targets[1]", ["at most 64"]),
        ({"targets": [[0], []]}, "targets[1]", ["at least 1"]),
        ({"targets": [[0], [1, 3]]}, "targets[1]", ["token 3", "0 to 2"]),
        ({"targets": [[0], [1, "a"]]}, "targets[1][1]", ["integer", "'a'"]),
        ({"targets": [[0], [1, -1]]}, "targets[1][1]", [">= 0"]),
        ({"targets": [[0]], "length": 1}, "length", ["drawn", "listed"]),
        ({"length": 20, "context": "prefix"}, "context", ["2,000,000 states"]),
        ({"length": 2, "context": "last_tokens"}, "context", ["'last_token'"]),
        ({"length": 2, "credit": "spare"}, "credit", ["'sparse'"]),
        ({"length": 2, "target_seed": 3}, "target_seed", ["unknown key", "'targets_seed'"]),
    ],
)
def test_a_chain_in_a_file_is_refused_with_its_key(fields, key, words):
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(environment=CHAIN | fields))
    ((where, sentence),) = refusal.value.problems
    assert where == f"environment.{key}"
    assert all(word in sentence for word in words), sentence


# Whole runs


def run(environment, rollouts, **training):
    experiment = sim.Experiment(
        environment=environment,
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=sim.optimizer("sgd", learning_rate=0.1),
        training=sim.Training(**{"num_rollouts": 1, "group_size": 4, "epochs": 2, **training}),
        rollouts=rollouts,
        record=sim.Record(ratios=sim.Stride()),
    )
    return jax.jit(sim.simulate)(experiment, jax.random.key(0))


@pytest.mark.long
@pytest.mark.parametrize("context", ["position", "last_token"])
@pytest.mark.parametrize("scale", [1e12, 1e-12])
def test_the_largest_chain_runs_at_any_reward_scale(context, scale):
    sized = {"vocab_size": 128, "targets": None, "num_prompts": 2, "length": 64, "context": context}
    trace, plain = (run(chain(**sized, reward_scale=size), sim.rollouts.Sampled()) for size in (scale, 1.0))
    assert np.all(trace.tokens.mask) and trace.tokens.mask.shape == (1, 2, 4, 64)
    np.testing.assert_array_equal(trace.tokens.tokens, plain.tokens.tokens)  # the rollout is drawn before any update
    np.testing.assert_allclose(trace.tokens.rewards, scale * plain.tokens.rewards, rtol=1e-14)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(trace.params))


@pytest.mark.long
def test_a_prefix_chain_of_many_states_runs():
    # Σ_{d<3} 32^d = 1057 states
    environment = chain(vocab_size=32, targets=((1, 2, 3),), context="prefix")
    assert environment.num_states == 1057
    trace = run(environment, sim.rollouts.Sampled())
    assert np.all(np.isfinite(trace.params["logits"]))


def test_where_nobody_is_right_nothing_moves():
    texts = [[[0, 1]] * 4, [[0]] * 4, [[0, 0, 0], [1, 1, 1], [2, 2, 2], [1, 0, 0]], [[0, 0]] * 4]
    padded = np.array([[[*text, *[-1] * (3 - len(text))] for text in group] for group in texts])
    trace = run(chain(credit="sparse"), sim.rollouts.Fixed(completions=padded))
    np.testing.assert_array_equal(trace.tokens.rewards, np.zeros((1, 4, 4)))
    np.testing.assert_array_equal(trace.params["logits"], np.zeros((8, 3)))


@pytest.mark.parametrize("scale", [1.0, 1e12, 1e-12])
def test_one_winner_has_the_advantage_over_all_others(scale):
    # Dr. GRPO: A = R − mean: (1, 0, 0, 0) has mean 1/4
    environment = chain(targets=((2, 0),), credit="sparse", reward_scale=scale)
    trace = run(environment, sim.rollouts.Fixed(completions=np.array([[[2, 0], [2, 1], [0, 0], [1, 1]]])))
    np.testing.assert_allclose(trace.tokens.rewards[0, 0] / scale, [1, 0, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(trace.tokens.advantages[0, 0] / scale, [0.75, -0.25, -0.25, -0.25], rtol=1e-14)
