"""The verifier: what it says of right and wrong completions, exactly, on average and as drawn."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.environments.bandit import Bandit
from simulator.environments.length_trap import LengthTrap
from simulator.environments.rewards import CountToken, Jump, Ramp
from simulator.environments.token_chain import TokenChain
from simulator.environments.token_tree import TokenTree
from simulator.environments.verifier import Verifier
from simulator.exact import list_completions
from tests.small import tables

NOW = jnp.asarray(0)
ARMS = Bandit(rewards=np.array([[1.0, 0.999, 0.0], [0.5, 2.0, -1.0]]))
RIGHT = np.array([[True, False, False], [False, True, False]])  # at least 1
TOKENS = jnp.array([[[0], [1], [2]], [[0], [1], [2]]])
WORLDS = [
    ARMS,
    TokenTree(vocab_size=3, max_length=3, num_prompts=2, reward=CountToken(token=1)),
    TokenChain(vocab_size=3, targets=((1, 2), (0,)), context="last_token"),
    LengthTrap(short=3, long=5),
]


def judged(verifier, rollout=NOW):
    """The expected reward of every arm."""
    return verifier.expected_rewards(TOKENS, TOKENS >= 0, rollout)[..., 0]


# What it says


@pytest.mark.usefixtures("strict_promotion")
def test_without_errors_it_says_whether_the_reward_reaches_the_mark():
    np.testing.assert_array_equal(judged(Verifier(world=ARMS)), np.where(RIGHT, 1.0, 0.0))
    # the mark itself passes
    np.testing.assert_array_equal(judged(Verifier(world=ARMS, pass_mark=0.5)), [[1, 1, 0], [1, 1, 0]])
    np.testing.assert_array_equal(judged(Verifier(world=ARMS, pass_mark=-1.0)), np.ones((2, 3)))
    np.testing.assert_array_equal(judged(Verifier(world=ARMS, pass_mark=2.5)), np.zeros((2, 3)))


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize("scale", [1.0, -2.0, 1e12, 1e-12])
def test_a_right_completion_passes_but_for_false_negatives_and_a_wrong_one_by_false_positives(scale):
    verifier = Verifier(world=ARMS, false_positive=0.1, false_negative=0.25, reward_scale=scale)
    np.testing.assert_allclose(judged(verifier) / scale, np.where(RIGHT, 0.75, 0.1), rtol=1e-14)


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("false_positive", "false_negative"), [(0.1, 0.25), (0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_it_is_drawn_as_often_as_the_rates_say(false_positive, false_negative):
    draws, world = 20_000, Bandit(rewards=np.array([[1.0, 0.0]]))
    verifier = Verifier(world=world, false_positive=false_positive, false_negative=false_negative, reward_scale=3.0)
    tokens = jnp.array([[[0]] * draws + [[1]] * draws])
    said = np.asarray(verifier.sample_rewards(jax.random.key(0), tokens, tokens >= 0, NOW))[0, :, 0]
    assert set(np.unique(said)) <= {0.0, 3.0}
    for part, chance in ((said[:draws], 1 - false_negative), (said[draws:], false_positive)):
        assert abs((part / 3).mean() - chance) <= 4 * np.sqrt(chance * (1 - chance) / draws)


@pytest.mark.usefixtures("strict_promotion")
def test_it_says_one_of_two_things():
    verifier = Verifier(world=ARMS, false_positive=0.1, false_negative=0.25, reward_scale=2.0)
    values, chances = verifier.reward_outcomes(TOKENS, TOKENS >= 0, NOW)
    assert verifier.num_outcomes == 2
    np.testing.assert_array_equal(values, np.broadcast_to(np.array([2.0, 0.0])[:, None], (2, 3, 2, 1)))
    passes = np.where(RIGHT, 0.75, 0.1)
    np.testing.assert_allclose(chances, np.stack([passes, 1 - passes], axis=-1), rtol=1e-15)


def test_a_random_reward_is_judged_by_its_mean():
    random = dataclasses.replace(ARMS, distribution="gaussian", std=100.0)
    np.testing.assert_array_equal(judged(Verifier(world=random)), np.where(RIGHT, 1.0, 0.0))


def test_the_mark_is_held_against_the_worlds_reward_in_the_rollout_at_hand():
    # arms worth (1, 0.999, 0) and (0.5, 2, −1): ten times as much from rollout 4 on
    growing = dataclasses.replace(ARMS, reward_scale=Jump(at=4, after=10.0))
    verifier = Verifier(world=growing, reward_scale=Jump(at=5, after=7.0))
    np.testing.assert_array_equal(judged(verifier, jnp.asarray(3)), RIGHT)
    np.testing.assert_array_equal(judged(verifier, jnp.asarray(4)), [[1, 1, 0], [1, 1, 0]])
    np.testing.assert_array_equal(judged(verifier, jnp.asarray(5)), [[7, 7, 0], [7, 7, 0]])


def test_the_rates_can_be_swept_without_compiling_again():
    def passes(rate):
        return judged(Verifier(world=ARMS, false_positive=rate, false_negative=rate))

    rates = jnp.array([0.0, 0.3, 1.0])
    expected = [np.where(RIGHT, 1 - rate, rate) for rate in (0.0, 0.3, 1.0)]
    np.testing.assert_allclose(jax.jit(jax.vmap(passes))(rates), expected, rtol=1e-15)


# All else is the world's


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize("world", WORLDS)
def test_the_completions_are_the_worlds(world):
    verifier = Verifier(world=world)
    own, worlds = list_completions(verifier), list_completions(world)
    for found, wanted in zip(jax.tree.leaves(own.completions), jax.tree.leaves(worlds.completions), strict=True):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(own.valid, worlds.valid)
    np.testing.assert_array_equal(own.rewards, worlds.rewards >= 1.0)


@pytest.mark.parametrize("world", WORLDS)
def test_the_sizes_are_the_worlds(world):
    verifier = Verifier(world=world)
    for name in ("num_prompts", "vocab_size", "max_length", "num_states", "num_completions", "task_names"):
        assert getattr(verifier, name) == getattr(world, name)
    assert verifier.end_token == getattr(world, "end_token", None)
    np.testing.assert_array_equal(verifier.prompt_tasks(), world.prompt_tasks())


# What is refused


def test_what_is_wrong_with_the_world_is_said_of_the_world():
    chain = TokenChain(vocab_size=3, targets=((4,),), reward_scale=Ramp(end=0, after=1.0))
    keys = [key for key, _ in Verifier(world=chain, reward_scale=Ramp(end=0, after=1.0)).problems()]
    assert sorted(keys) == ["reward_scale.end", "world.reward_scale.end", "world.targets[0]"]


def test_a_sound_verifier_has_no_problems():
    assert not any(list(Verifier(world=world).problems()) for world in WORLDS)


BANDIT = {"kind": "bandit", "rewards": [[1.0, 0.0]]}
TREE = {"kind": "token_tree", "vocab_size": 3, "max_length": 3, "reward": {"rule": "count", "token": 1}}


@pytest.mark.parametrize(
    ("fields", "key", "words"),
    [
        ({"world": 3}, "world", ["table", "3 (an integer)"]),
        ({"world": {"kind": "bandits"}}, "world", ["unknown kind", "'bandit'"]),
        ({"world": {"kind": "verifier", "world": BANDIT}}, "world", ["'verifier'", "length_trap"]),
        ({"world": {"rewards": [[1.0, 0.0]]}}, "world", ["'kind'"]),
        ({"world": BANDIT | {"rewardz": 1}}, "world.rewardz", ["unknown key", "'rewards'"]),
        ({"world": BANDIT | {"rewards": [["a", 0.0]]}}, "world.rewards[0][0]", ["number", "'a'"]),
        ({"world": BANDIT | {"rewards": [[1.0]]}}, "world.rewards", ["two arms"]),
        ({"world": TREE | {"max_length": 40}}, "world.max_length", ["2,000,000 states"]),
        ({"world": TREE | {"reward": {"rule": "count", "tokn": 1}}}, "world.reward.tokn", ["unknown key", "'token'"]),
        ({"world": BANDIT | {"reward_scale": {"kind": "rmp"}}}, "world.reward_scale.kind", ["'rmp'", "'ramp'"]),
        ({"world": BANDIT, "false_positive": 1.5}, "false_positive", ["<= 1", "1.5"]),
        ({"world": BANDIT, "false_negative": -0.1}, "false_negative", [">= 0"]),
        ({"world": BANDIT, "false_negative": "0.1"}, "false_negative", ["number", "'0.1' (a string)"]),
        ({"world": BANDIT, "false_negative": float("nan")}, "false_negative", ["finite"]),
        ({"world": BANDIT, "pass_mark": True}, "pass_mark", ["number", "boolean"]),
        ({"world": BANDIT, "false_postive": 0.1}, "false_postive", ["unknown key", "'false_positive'"]),
    ],
)
def test_a_verifier_in_a_file_is_refused_with_its_key(fields, key, words):
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(environment={"kind": "verifier"} | fields))
    problems = {where: sentence for where, sentence in refusal.value.problems if "is required" not in sentence}
    assert list(problems) == [f"environment.{key}"]
    assert all(word in problems[f"environment.{key}"] for word in words), problems


def test_a_fixed_completion_still_ends_where_the_world_ends_it():
    with pytest.raises(sim.ScenarioError, match="goes on after token 0"):
        sim.load(
            tables(
                environment={"kind": "verifier", "world": TREE},
                rollouts={"kind": "fixed", "completions": [[[1, 0, 1], [2], [2], [1]]]},
            )
        )


# Whole runs


def run(verifier, rollouts):
    experiment = sim.Experiment(
        environment=verifier,
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=sim.optimizer("sgd", learning_rate=0.1),
        training=sim.Training(num_rollouts=2, group_size=4),
        rollouts=rollouts,
        record=sim.Record(ratios=sim.Stride()),
    )
    return jax.jit(sim.simulate)(experiment, jax.random.key(0))


@pytest.mark.parametrize(("false_positive", "false_negative"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_verifier_that_says_the_same_of_all_teaches_nothing(false_positive, false_negative):
    rates = {"false_positive": false_positive, "false_negative": false_negative}
    trace = run(Verifier(world=ARMS, reward_scale=1e12, **rates), sim.rollouts.Sampled())
    np.testing.assert_array_equal(trace.tokens.rewards, np.full((2, 2, 4), 1e12 * false_positive))
    np.testing.assert_array_equal(trace.params["logits"], np.zeros((2, 3)))


@pytest.mark.parametrize("scale", [1.0, 1e12, 1e-12])
def test_one_that_is_always_wrong_turns_the_advantages_round(scale):
    # one right completion of four gets 0, the others 1: mean 3/4, A = R − mean
    world = Bandit(rewards=np.array([[1.0, 0.0, 0.0]]))
    verifier = Verifier(world=world, false_positive=1.0, false_negative=1.0, reward_scale=scale)
    trace = run(verifier, sim.rollouts.Fixed(completions=np.array([[[0], [1], [2], [2]]])))
    np.testing.assert_allclose(trace.tokens.advantages[0, 0] / scale, [-0.75, 0.25, 0.25, 0.25], rtol=1e-14)
