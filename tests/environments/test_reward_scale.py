"""The factor on a reward: a number, a jump, a ramp, a curriculum; at every rollout, and through whole runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.environments.bandit import Bandit
from simulator.environments.rewards import Jump, Ramp, Stages, scale_at, scale_problems
from tests.small import tables

JUMP = Jump(at=2, before=0.5, after=3.0)
RAMP = Ramp(begin=1, end=5, before=1.0, after=3.0)
STAGES = Stages(at=(0, 2, 3), values=np.array([1.0, -4.0, 0.25]))
# the factor in rollouts 0 to 6
BY_HAND = [
    (2.5, [2.5] * 7),
    (JUMP, [0.5, 0.5, 3.0, 3.0, 3.0, 3.0, 3.0]),
    (RAMP, [1.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]),  # 2 in 4 steps
    (Ramp(end=2, before=0.0, after=-1.0), [0.0, -0.5, -1.0, -1.0, -1.0, -1.0, -1.0]),
    (STAGES, [1.0, 1.0, -4.0, 0.25, 0.25, 0.25, 0.25]),
    (Jump(at=0, after=9.0), [9.0] * 7),  # before is never
    (Jump(at=100, after=9.0), [1.0] * 7),
    (Stages(at=(0,), values=np.array([7.0])), [7.0] * 7),
]


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("scale", "expected"), BY_HAND)
def test_the_factor_of_each_rollout(scale, expected):
    np.testing.assert_array_equal([float(scale_at(scale, jnp.asarray(rollout))) for rollout in range(7)], expected)


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize(("scale", "expected"), BY_HAND)
def test_a_bandit_pays_its_reward_times_the_factor_drawn_or_expected_or_listed(scale, expected):
    bandit, arm = Bandit(rewards=np.array([[2.0, 0.0]]), reward_scale=scale), jnp.array([[[0]]])

    @jax.jit
    def paid(rollout):
        values, chances = bandit.reward_outcomes(arm, arm >= 0, rollout)
        return [
            bandit.expected_rewards(arm, arm >= 0, rollout)[0, 0, 0],
            bandit.sample_rewards(jax.random.key(0), arm, arm >= 0, rollout)[0, 0, 0],
            values[0, 0, 0, 0] * chances[0, 0, 0],
        ]

    for rollout, factor in enumerate(expected):
        assert paid(jnp.asarray(rollout)) == [2.0 * factor] * 3


@pytest.mark.usefixtures("strict_promotion")
@pytest.mark.parametrize("distribution", ["bernoulli", "gaussian"])
def test_chance_is_scaled_with_the_reward(distribution):
    # the same key draws the same: what is paid after the jump is 6 times what was paid before
    bandit = Bandit(rewards=np.array([[0.5, 0.5]]), distribution=distribution, std=2.0, reward_scale=JUMP)
    tokens = jnp.zeros((1, 100, 1), dtype=int)
    before, after = (
        bandit.sample_rewards(jax.random.key(1), tokens, tokens >= 0, jnp.asarray(rollout)) for rollout in (1, 2)
    )
    assert np.std(before) > 0
    np.testing.assert_allclose(after, 6 * before, rtol=1e-14)


@pytest.mark.parametrize("size", [1e12, 1e-12])
def test_a_factor_may_be_huge_or_tiny(size):
    ramp = Ramp(end=4, before=size, after=3 * size)
    np.testing.assert_allclose([ramp(jnp.asarray(i)) / size for i in range(5)], [1.0, 1.5, 2.0, 2.5, 3.0], rtol=1e-14)
    stages = Stages(at=(0, 1), values=np.array([size, -size]))
    assert [float(stages(jnp.asarray(i))) for i in range(2)] == [size, -size]


def test_sizes_and_moments_of_a_jump_are_numbers_that_can_be_swept_together():
    def factor(at, after, rollout):
        return Jump(at=at, after=after)(rollout)

    found = jax.vmap(factor, in_axes=(0, 0, None))(jnp.array([2, 3]), jnp.array([5.0, 6.0]), jnp.asarray(2))
    np.testing.assert_array_equal(found, [5.0, 1.0])
    structures = {jax.tree.structure(Jump(at=at, after=after)) for at in (1, 2) for after in (3.0, 4.0)}
    assert len(structures) == 1


def test_the_number_of_stages_is_structure_and_their_values_are_not():
    other = Stages(at=(0, 2, 3), values=np.array([0.0, 0.0, 1.0]))
    assert jax.tree.structure(other) == jax.tree.structure(STAGES)
    assert jax.tree.structure(Stages(at=(0, 2), values=np.ones(2))) != jax.tree.structure(STAGES)


# What is refused


@pytest.mark.parametrize(
    ("scale", "keys"),
    [
        (3.0, []),
        (JUMP, []),
        (RAMP, []),
        (STAGES, []),
        (Ramp(begin=3, end=3, after=2.0), ["reward_scale.end"]),
        (Ramp(begin=3, end=1, after=2.0), ["reward_scale.end"]),
        (Stages(at=(0, 2), values=np.ones(3)), ["reward_scale.values"]),
        (Stages(at=(1, 2), values=np.ones(2)), ["reward_scale.at"]),
        (Stages(at=(0, 2, 2), values=np.ones(3)), ["reward_scale.at"]),
        (Stages(at=(0, 3, 2), values=np.ones(2)), ["reward_scale.values", "reward_scale.at"]),
    ],
)
def test_a_factor_that_makes_no_sense_says_where(scale, keys):
    assert [key for key, _ in scale_problems(scale)] == keys


@pytest.mark.parametrize(
    ("scale", "key", "words"),
    [
        ("5", "", ["number", "'5' (a string)"]),
        (True, "", ["number", "True (a boolean)"]),
        ([1.0, 2.0], "", ["number", "an array"]),
        (float("inf"), "", ["finite"]),
        ({"kind": "jmp", "at": 3, "after": 2.0}, ".kind", ["unknown kind 'jmp'", "did you mean 'jump'"]),
        ({"kind": "step"}, ".kind", ["unknown kind 'step'"]),
        ({"kind": 3}, ".kind", ["unknown kind '3'", "jump, ramp, stages"]),
        ({"at": 3, "after": 2.0}, ".kind", ["required", "jump, ramp, stages"]),
        ({"kind": "jump", "at": 3}, ".after", ["required"]),
        ({"kind": "jump", "at": "3", "after": 2.0}, ".at", ["integer", "'3' (a string)"]),
        ({"kind": "jump", "at": -1, "after": 2.0}, ".at", [">= 0", "-1"]),
        ({"kind": "jump", "at": 3, "after": "2"}, ".after", ["number", "'2' (a string)"]),
        ({"kind": "jump", "at": 3, "after": 2.0, "befor": 1.0}, ".befor", ["unknown key", "'before'"]),
        ({"kind": "ramp", "end": 0, "after": 2.0}, ".end", ["end = 0, begin = 0"]),
        ({"kind": "stages", "at": [0, 5, 5], "values": [1, 2, 3]}, ".at", ["follow one another", "[0, 5, 5]"]),
        ({"kind": "stages", "at": [5], "values": [1]}, ".at", ["rollout 0"]),
        ({"kind": "stages", "at": [0, 5], "values": [1, 2, 3]}, ".values", ["3 values for 2 stages"]),
        ({"kind": "stages", "at": [0, 5.5], "values": [1, 2]}, ".at[1]", ["integer", "5.5"]),
        ({"kind": "stages", "at": [0, 5], "values": [1, None]}, ".values[1]", ["number"]),
    ],
)
def test_a_factor_in_a_file_is_refused_with_its_key(scale, key, words):
    environment = {"kind": "bandit", "rewards": [[1.0, 0.0]], "reward_scale": scale}
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(environment=environment))
    ((where, sentence),) = refusal.value.problems
    assert where == f"environment.reward_scale{key}"
    assert all(word in sentence for word in words), sentence


def test_a_value_within_a_factor_can_be_an_axis():
    scale = {"kind": "jump", "at": {"values": [1, 2]}, "after": {"range": [3.0, 5.0], "num": 2}}
    scenario = sim.load(
        tables(
            environment={"kind": "bandit", "rewards": [[1.0, 0.0]], "reward_scale": scale},
            optimizer={"name": "sgd", "learning_rate": 0.1},
        )
    )
    found = [
        (point.experiment.environment.reward_scale.at, point.experiment.environment.reward_scale.after)
        for point in scenario.points
    ]
    assert found == [(1, 3.0), (1, 5.0), (2, 3.0), (2, 5.0)]
    assert set(scenario.points[0].values) == {"environment.reward_scale.at", "environment.reward_scale.after"}


# Whole runs


@pytest.mark.parametrize(("scale", "expected"), [BY_HAND[1], BY_HAND[2], BY_HAND[4]])
def test_a_run_is_paid_the_factor_of_its_rollout_and_no_other(scale, expected):
    # every arm pays 1, so the mean reward of a rollout is its factor, and there is nothing to learn
    experiment = sim.Experiment(
        environment=Bandit(rewards=np.ones((1, 2)), reward_scale=scale),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=sim.optimizer("sgd", learning_rate=0.1),
        training=sim.Training(num_rollouts=7, group_size=3),
    )
    trace = jax.jit(sim.simulate)(experiment, jax.random.key(0))
    np.testing.assert_allclose(trace.metrics["reward/mean"][:, 0], expected, rtol=1e-14)
    np.testing.assert_allclose(trace.metrics["return/exact"][:, 0], expected, rtol=1e-14)
    # the mean of three equal factors is off by a rounding or none
    np.testing.assert_allclose(trace.params["logits"], np.zeros((1, 2)), atol=1e-15)
