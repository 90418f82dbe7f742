"""The length trap against a table of lengths written by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.environments.length_trap import LengthTrap
from simulator.environments.rewards import Jump
from simulator.exact import completion_logprobs, expected_return, list_completions
from simulator.policies.tabular import Tabular
from simulator.rollouts import unroll
from tests.small import tables

NOW = jnp.asarray(0)
# (first token, second token) -> tokens of the whole answer; the second token 0 is right
TWO = {(0, 0): 10, (0, 1): 40, (1, 0): 40, (1, 1): 10}  # the defaults: right is short after 0, long after 1
THREE = {(0, 0): 2, (0, 1): 5, (0, 2): 5, (1, 0): 5, (1, 1): 2, (1, 2): 2, (2, 0): 2, (2, 1): 5, (2, 2): 5}
TRAPS = [(LengthTrap(), TWO), (LengthTrap(right_is_short=(True, False, True), short=2, long=5, num_prompts=2), THREE)]


# Completions


@pytest.mark.parametrize(("trap", "lengths"), TRAPS)
def test_answers_are_as_long_as_the_table_says(trap, lengths):
    rows = {tuple(row[row >= 0].tolist()) for row in trap.completions()}
    assert rows == {(*said, *[0] * (length - 2)) for said, length in lengths.items()}
    assert trap.completions().shape == (len(lengths), trap.max_length)
    assert trap.num_completions == len(lengths)


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("trap", "lengths"), TRAPS)
def test_every_prompt_can_give_every_answer_and_is_rewarded_for_a_right_one(trap, lengths):
    listed = list_completions(trap)
    said = listed.completions
    assert np.all(listed.valid)
    for prompt, row in np.ndindex(trap.num_prompts, len(lengths)):
        first, second = said.tokens[prompt, row, :2].tolist()
        length = lengths[first, second]
        np.testing.assert_array_equal(said.mask[prompt, row], np.arange(trap.max_length) < length)
        assert listed.rewards[prompt, row] == (1.0 if second == 0 else 0.0)


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("trap", "lengths"), TRAPS)
def test_two_tokens_are_chosen_and_the_rest_is_token_0_whatever_is_proposed(trap, lengths):
    # who always proposes the last token of the vocabulary goes the last way, and is wrong
    last = trap.vocab_size - 1
    said = unroll(trap, 3, lambda states, tokens, position: jnp.full(states.shape, last))
    length = lengths[last, last]
    wanted = [last, last, *[0] * (trap.max_length - 2)]
    np.testing.assert_array_equal(said.tokens, np.broadcast_to(wanted, (trap.num_prompts, 3, trap.max_length)))
    np.testing.assert_array_equal(said.mask.sum(axis=-1), np.full((trap.num_prompts, 3), length))
    np.testing.assert_array_equal(said.chosen, np.broadcast_to(np.arange(trap.max_length) < 2, said.chosen.shape))


@pytest.mark.parametrize(("trap", "lengths"), TRAPS)
def test_the_rest_of_an_answer_has_probability_1(trap, lengths):
    # two uniform draws from V tokens each, however long the answer: π(o) = 1/V²; V right ones: E[R] = 1/V
    listed, policy = list_completions(trap), Tabular()
    logprobs = completion_logprobs(policy, policy.init(jax.random.key(0), trap), listed)
    np.testing.assert_allclose(np.exp(logprobs), np.full(logprobs.shape, 1 / trap.vocab_size**2), rtol=1e-14)
    np.testing.assert_allclose(expected_return(logprobs, listed), 1 / trap.vocab_size, rtol=1e-14)


# States


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("trap", "lengths"), TRAPS)
def test_a_prompt_has_a_root_a_verdict_for_each_way_and_two_rests(trap, lengths):
    said, state_of, seen_in = list_completions(trap).completions, {}, {}
    for prompt, row, position in np.argwhere(said.mask):
        first, second = said.tokens[prompt, row, :2].tolist()
        seen = (int(prompt), ["root", f"after {first}", f"until {lengths[first, second]}"][min(position, 2)])
        state = int(said.states[prompt, row, position])
        assert state_of.setdefault(seen, state) == state
        assert seen_in.setdefault(state, seen) == seen
    # 1 root, V verdicts, 2 rests; an answer of two tokens has none
    unseen = trap.num_prompts if trap.short == 2 else 0
    assert trap.num_states == trap.num_prompts * (trap.vocab_size + 3)
    assert len(seen_in) == trap.num_states - unseen


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("trap", "lengths"), TRAPS)
def test_the_root_is_the_first_row_of_a_prompt_and_the_verdicts_follow(trap, lengths):
    # closed forms read logits by these numbers
    np.testing.assert_array_equal(trap.start(), np.arange(trap.num_prompts) * (trap.vocab_size + 3))
    firsts = jnp.broadcast_to(jnp.arange(trap.vocab_size), (trap.num_prompts, trap.vocab_size))
    roots = jnp.broadcast_to(trap.start()[:, None], firsts.shape)
    states, done = trap.step(roots, firsts, jnp.asarray(0))
    np.testing.assert_array_equal(states, roots + 1 + firsts)
    assert not np.any(done)


# Rewards


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize("scale", [0.0, -2.0, 1e12, 1e-12])
def test_a_right_answer_is_worth_the_scale_and_a_wrong_one_nothing(scale):
    trap = LengthTrap(reward_scale=scale)
    rewards, seconds = list_completions(trap).rewards[0], trap.completions()[:, 1]
    np.testing.assert_array_equal(rewards, np.where(seconds == 0, scale, 0.0))


def test_the_scale_may_change_between_rollouts():
    trap = LengthTrap(reward_scale=Jump(at=3, after=5.0))
    assert [float(list_completions(trap, rollout).rewards.max()) for rollout in (2, 3)] == [1.0, 5.0]


# What is refused


@pytest.mark.parametrize(("short", "long", "keys"), [(10, 40, []), (2, 3, []), (10, 10, ["long"]), (40, 10, ["long"])])
def test_long_answers_are_longer_than_short_ones(short, long, keys):
    assert [key for key, _ in LengthTrap(short=short, long=long).problems()] == keys


@pytest.mark.parametrize(
    ("fields", "key", "words"),
    [
        ({"short": 1}, "short", [">= 2"]),
        ({"short": "10"}, "short", ["integer", "'10'"]),
        ({"short": 40}, "long", ["> short = 40", "40"]),
        ({"long": 0}, "long", [">= 1"]),
        ({"right_is_short": [True]}, "right_is_short", ["at least 2"]),
        ({"right_is_short": [True, 0]}, "right_is_short[1]", ["true or false", "0 (an integer)"]),
        ({"right_is_short": True}, "right_is_short", ["array", "boolean"]),
        ({"num_prompts": 0}, "num_prompts", [">= 1"]),
        ({"reward_scale": {"kind": "jump", "at": 1}}, "reward_scale.after", ["required"]),
        ({"right_is_shrt": [True, False]}, "right_is_shrt", ["unknown key", "'right_is_short'"]),
    ],
)
def test_a_trap_in_a_file_is_refused_with_its_key(fields, key, words):
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(environment={"kind": "length_trap"} | fields))
    ((where, sentence),) = refusal.value.problems
    assert where == f"environment.{key}"
    assert all(word in sentence for word in words), sentence


# Whole runs


def run(trap, completions=None):
    experiment = sim.Experiment(
        environment=trap,
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=sim.optimizer("sgd", learning_rate=0.1),
        training=sim.Training(num_rollouts=1, group_size=4, epochs=2),
        rollouts=sim.rollouts.Sampled()
        if completions is None
        else sim.rollouts.Fixed(completions=np.array([completions])),
        record=sim.Record(ratios=sim.Stride()),
    )
    return jax.jit(sim.simulate)(experiment, jax.random.key(0))


@pytest.mark.parametrize("scale", [1e12, 1e-12])
def test_the_largest_trap_runs_at_any_reward_scale(scale):
    large = LengthTrap(right_is_short=(True, False) * 64, short=63, long=64, reward_scale=scale)
    trace = run(large)
    assert large.vocab_size == 128
    assert set(np.unique(trace.tokens.mask.sum(axis=-1))) <= {63, 64}
    assert set(np.unique(trace.tokens.rewards)) <= {0.0, scale}
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(trace.params))


@pytest.mark.parametrize("answers", [[[0, 0], [1, 0]] * 2, [[0, 1], [1, 1]] * 2])
def test_where_all_are_right_or_all_are_wrong_nothing_moves(answers):
    trace = run(LengthTrap(short=3, long=5), answers)
    assert set(np.unique(trace.tokens.mask.sum(axis=-1))) == {3, 5}
    np.testing.assert_array_equal(trace.params["logits"], np.zeros((5, 2)))


def test_the_rest_of_an_answer_is_never_pushed():
    # states 3 and 4 are the rests: their logits stay, those of the root and the verdicts move
    trace = run(dataclasses.replace(TRAPS[0][0], short=3, long=5), [[0, 0], [0, 1], [1, 1], [1, 1]])
    logits = np.asarray(trace.params["logits"])
    np.testing.assert_array_equal(logits[3:], np.zeros((2, 2)))
    assert np.all(np.any(logits[:2] != 0, axis=1))
