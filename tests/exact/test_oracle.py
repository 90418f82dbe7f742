"""What a scenario's oracle records in a run, and what it refuses before one."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.environments.rewards import Jump
from simulator.errors import ScenarioError
from simulator.exact import Enumerated, Situation, bias_metrics, list_completions, true_gradient
from simulator.exact.groups import by_groups
from simulator.rollouts import Sampled
from simulator.scenario import load as scenario
from tests import small

KEY = jax.random.key(3)
advance = jax.jit(sim.advance, static_argnames="count")


def experiment(**parts):
    """Three rollouts of a bandit of two prompts, under the enumeration."""
    given = sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.5], [0.0, 0.2, 0.9]])),
        policy=sim.policies.Tabular(start="gaussian"),
        method=sim.methods.GRPO(),
        optimizer=sim.optimizer("sgd", learning_rate=2.0),
        training=sim.Training(num_rollouts=3, group_size=3, epochs=2),
        record=sim.Record(probes=("bias",), oracle=Enumerated()),
    )
    return replace(given, **parts)


@pytest.mark.long
def test_a_run_records_what_the_oracle_finds_where_each_rollout_begins():
    given, state = experiment(), sim.init(experiment(), KEY)
    for rollout in range(3):
        situation = asked(given, rollout, state.params, state.params)
        expected = Enumerated().measure(KEY, situation)
        state, trace = advance(given, KEY, state, jnp.asarray(rollout), 1)
        for name, value in expected.items():
            np.testing.assert_allclose(trace.metrics[name], np.full((1, 2), value), rtol=1e-11, atol=1e-15)


@pytest.mark.long
def test_off_policy_batches_come_from_the_policy_of_before_and_push_the_one_that_is_trained():
    given = experiment(rollouts=Sampled(staleness=1), method=sim.methods.DrGRPO())  # on-policy it has a closed form
    state = sim.init(given, KEY)
    before = state.params
    for rollout in range(3):
        situation = asked(given, rollout, state.params, before)
        expected = bias_metrics(by_groups(situation), true_gradient(situation))
        before = state.params
        state, trace = advance(given, KEY, state, jnp.asarray(rollout), 1)
        for name, value in expected.items():
            np.testing.assert_allclose(trace.metrics[name], np.full((1, 2), value), rtol=1e-11, atol=1e-15)
    assert np.max(np.abs(situation.params["logits"] - situation.behavior["logits"])) > 0.1


def asked(given, rollout, params, behavior):
    return Situation(
        environment=given.environment,
        policy=given.policy,
        surrogate=given.method.surrogate(),
        rollouts=given.rollouts,
        group_size=given.training.group_size,
        rollout=jnp.asarray(rollout),
        params=params,
        behavior=behavior,
        listed=list_completions(given.environment, rollout),
    )


def test_the_oracle_knows_the_rewards_of_the_rollout_at_hand():
    rewards = sim.environments.Bandit(
        rewards=np.array([[1.0, 0.0, 0.5]]), reward_scale=Jump(at=2, before=1.0, after=5.0)
    )
    still = experiment(
        environment=rewards, optimizer=sim.optimizer("sgd", learning_rate=0.0), method=sim.methods.DrGRPO()
    )
    metrics = sim.simulate(still, KEY).metrics
    for name in ("bias/true_norm", "bias/std"):
        np.testing.assert_allclose(metrics[name][:, 0] / metrics[name][0, 0], [1.0, 1.0, 5.0], rtol=1e-13)
    np.testing.assert_allclose(metrics["bias/scale"][:, 0], 2 / 3, rtol=1e-13)  # (G−1)/G, whatever the reward's size


def test_without_an_oracle_there_is_nothing_about_bias():
    assert sim.simulate(experiment(record=sim.Record(probes=("bias", "reward"))), KEY).metrics.keys() == {
        "reward/mean",
        "reward/std",
        "group/zero_std",
    }


# Refusals


def problem(**changes):
    """The one sentence that a scenario is refused with."""
    tables = small.tables(**{"record": {"oracle": {"kind": "enumerated"}}, **changes})
    with pytest.raises(ScenarioError) as refused:
        scenario.load(tables)
    (message,) = {sentence for key, sentence in refused.value.problems if key.startswith("record.oracle")}
    return message


def test_a_small_world_is_not_refused():
    for oracle in ({"kind": "enumerated"}, {"kind": "monte_carlo"}, {"kind": "monte_carlo", "batches": 64}):
        loaded = scenario.load(small.tables(record={"oracle": oracle}))
        assert loaded.points[0].experiment.record.oracle.kind == oracle["kind"]


TREE = {"kind": "token_tree", "vocab_size": 3, "max_length": 4, "reward": {"rule": "count", "token": 1}}


def test_too_many_batches_are_refused_with_their_number():
    # 31 completions of up to 4 tokens: C(31 + 8 − 1, 8) = 48,903,492 groups of 8
    message = problem(environment=TREE, method={"name": "grpo"}, training={"num_rollouts": 2, "group_size": 8})
    assert "4.89e+7" in message and "groups of 8" in message and "124 tokens" in message
    assert 'kind = "monte_carlo"' in message


def test_what_has_a_closed_form_needs_no_list_of_batches_unless_it_is_off_policy():
    tables = {"environment": TREE, "method": {"name": "dr_grpo"}, "training": {"num_rollouts": 2, "group_size": 8}}
    scenario.load(small.tables(record={"oracle": {"kind": "enumerated"}}, **tables))
    assert "different batches" in problem(rollouts={"kind": "sampled", "staleness": 1}, **tables)


def test_too_many_completions_are_refused_with_the_number_of_their_tokens():
    # Σ_{d<8} 2^d + 2^8 = 511 completions per prompt, of up to 8 tokens, for 6 prompts
    large = TREE | {"max_length": 8, "num_prompts": 6}
    message = problem(environment=large)
    assert "2.45e+4 tokens" in message and "20,000" in message


def test_a_number_that_no_float_holds_is_named_all_the_same():
    arms = {"kind": "bandit", "rewards": [[1.0, 0.0, 0.5]] * 200}
    message = problem(environment=arms, method={"name": "dapo"}, training={"num_rollouts": 2, "group_size": 8})
    assert "4.39e+330 different batches" in message  # 45^200


def test_groups_that_take_too_much_room_to_list_are_refused_however_few_tokens_they_have():
    # two arms and two prompts are four tokens; 1001 groups of 1000 a prompt make a million batches of 2000 completions
    arms = {"kind": "bandit", "rewards": [[1.0, 0.0], [0.0, 1.0]]}
    message = problem(environment=arms, method={"name": "dapo"}, training={"num_rollouts": 2, "group_size": 1000})
    assert "1.00e+6 different batches of groups of 1000" in message


def test_rewards_from_a_continuum_are_refused():
    normal = {"kind": "bandit", "rewards": [[1.0, 0.0]], "distribution": "gaussian"}
    assert "continuum" in problem(environment=normal)
    scenario.load(small.tables(environment=normal, record={"oracle": {"kind": "monte_carlo"}}))


@pytest.mark.parametrize("kind", ["enumerated", "monte_carlo"])
def test_fixed_completions_are_refused(kind):
    fixed = {"kind": "fixed", "completions": [[[0], [1], [2], [0]]]}
    assert "not drawn from the policy" in problem(rollouts=fixed, record={"oracle": {"kind": kind}})


@pytest.mark.parametrize("batches", [0, 16, 100, 64.0])
def test_batches_come_in_blocks_for_the_standard_error(batches):
    assert problem(record={"oracle": {"kind": "monte_carlo", "batches": batches}})


def test_weights_of_reward_sources_have_one_number_a_source():
    method = {
        "name": "custom",
        "advantage": {"kind": "per_source", "weights": [1.0, 2.0]},
        "level": {"kind": "token"},
        "gate": {"kind": "clip"},
        "reduction": {"kind": "token_mean"},
    }
    with pytest.raises(ScenarioError, match="method.advantage.weights: 2 numbers for 1 reward source"):
        scenario.load(small.tables(method=method))
