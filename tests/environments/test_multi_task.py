"""Tasks side by side: each keeps its own world, and its reward is scaled, disturbed and split as it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.advantages import GroupMean, PerSource
from simulator.environments.bandit import Bandit
from simulator.environments.multi_task import MultiTask, Source, Task
from simulator.environments.rewards import CountToken, Jump
from simulator.environments.token_tree import TokenTree
from simulator.exact import completion_logprobs, expected_return, list_completions, prompt_returns
from simulator.scenario.load import ScenarioError, load
from tests.small import tables

pytestmark = pytest.mark.usefixtures("strict_promotion")

ARMS = np.array([[1.0, 0.0, 0.2], [0.0, 1.0, 0.5]])


def tree(**others) -> TokenTree:
    return TokenTree(vocab_size=3, max_length=2, num_prompts=1, reward=CountToken(token=1), **others)


def two_tasks(**first) -> MultiTask:
    return MultiTask(tasks=(Task(name="arms", world=Bandit(rewards=ARMS), **first), Task(name="tree", world=tree())))


def say(environment, written):
    """Completions as `expected_rewards` sees them: `written` [P, G, T], −1 after the end."""
    written = jnp.asarray(written)
    return jnp.maximum(written, 0), written >= 0


def test_prompts_states_and_lengths_stand_one_after_the_other():
    world = two_tasks()
    # two bandit prompts of one state, and a tree of 1 + 2 states
    assert (world.num_prompts, world.num_states, world.max_length, world.vocab_size) == (3, 5, 2, 3)
    np.testing.assert_array_equal(world.start(), [0, 1, 2])
    np.testing.assert_array_equal(world.prompt_tasks(), [0, 0, 1])
    assert world.task_names == ("arms", "tree")


@pytest.mark.long
def test_every_task_ends_its_completions_itself():
    listed = list_completions(two_tasks())
    written = np.where(listed.completions.mask, listed.completions.tokens, -1)
    lengths = listed.completions.mask.sum(axis=-1)
    for prompt, valid in enumerate(np.asarray(listed.valid)):
        said = {tuple(row) for row in written[prompt][valid]}
        arms = {(arm, -1) for arm in range(3)}
        # the tree: 0 ends at once, else 1 or 2 and any second token
        branches = {(0, -1)} | {(first, second) for first in (1, 2) for second in range(3)}
        assert said == (arms if prompt < 2 else branches)
        np.testing.assert_array_equal(lengths[prompt][valid], np.sum(written[prompt][valid] >= 0, axis=1))


def test_states_of_different_tasks_never_meet():
    listed = list_completions(two_tasks())
    states = [set(np.unique(listed.completions.states[prompt][listed.completions.mask[prompt]])) for prompt in range(3)]
    assert states == [{0}, {1}, {2, 3, 4}]


def test_the_return_is_the_mean_over_prompts_of_each_worlds_own():
    # a uniform policy: arms 1.2/3 and 1.5/3, times 5; the tree says 1 a third of the time, then again: 1/3 + 2/9
    world = two_tasks(scale=5.0)
    policy = sim.policies.Tabular()
    listed = list_completions(world)
    logprobs = completion_logprobs(policy, policy.init(jax.random.key(0), world), listed)
    expected = [5 * 1.2 / 3, 5 * 1.5 / 3, 1 / 3 + 2 / 9]
    np.testing.assert_allclose(prompt_returns(logprobs, listed), expected, rtol=1e-14)
    assert float(expected_return(logprobs, listed)) == pytest.approx(np.mean(expected), rel=1e-14)


@pytest.mark.long
def test_a_world_that_stands_alone_is_simulated_as_it_is():
    def trace(environment):
        experiment = sim.Experiment(
            environment=environment,
            policy=sim.policies.Tabular(),
            method=sim.methods.GRPO(),
            optimizer=sim.optimizer("sgd", learning_rate=0.1),
            training=sim.Training(num_rollouts=3, group_size=4, epochs=2),
        )
        return jax.jit(sim.simulate)(experiment, jax.random.key(1)).metrics

    alone, only_task = trace(tree(length_cost=0.1)), trace(
        MultiTask(tasks=(Task(name="only", world=tree(length_cost=0.1)),))
    )  # fmt: skip
    assert set(only_task) - set(alone) == {
        f"task/only/{name}" for name in ("reward", "return", "advantage", "grad_share", "update_share")
    }
    for name, values in alone.items():
        np.testing.assert_allclose(only_task[name], values, rtol=1e-12, atol=1e-14, err_msg=name)
    np.testing.assert_allclose(only_task["task/only/return"], alone["return/exact"], rtol=1e-14)


def test_scales_noise_and_further_sources_are_the_tasks_own():
    length = Source(reward=CountToken(token=2), scale=-0.5)
    world = MultiTask(
        tasks=(
            Task(name="arms", world=Bandit(rewards=ARMS), scale=5.0),
            Task(name="tree", world=tree(), scale=2.0, sources=(length,)),
        )
    )
    tokens, mask = say(world, [[[0, -1]], [[2, -1]], [[1, 2]]])
    found = world.expected_rewards(tokens, mask, jnp.asarray(0))
    # arms: 5 · 1, 5 · 0.5, no second source; tree: one 1 at scale 2, one 2 at −0.5
    np.testing.assert_allclose(found, [[[5.0, 0.0]], [[2.5, 0.0]], [[2.0, -0.5]]])
    assert (world.num_sources, world.num_outcomes) == (2, 1)


def test_noise_has_its_deviation_before_the_scale_and_disturbs_no_other_source():
    source = Source(reward=CountToken(token=0), scale=3.0, noise=0.2)
    world = MultiTask(
        tasks=(Task(name="arms", world=Bandit(rewards=ARMS), scale=5.0, noise=0.7, sources=(source,)),)
    )  # fmt: skip
    tokens, mask = say(world, np.zeros((2, 20_000, 1), dtype=int))
    drawn = np.asarray(world.sample_rewards(jax.random.key(3), tokens, mask, jnp.asarray(0)))
    mean = np.array([[5.0, 3.0], [0.0, 3.0]])
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=4 * 3.5 / np.sqrt(20_000))
    np.testing.assert_allclose(drawn.std(axis=1), [[3.5, 0.6]] * 2, rtol=4 / np.sqrt(2 * 20_000))
    correlations = [np.corrcoef(drawn[prompt].T)[0, 1] for prompt in range(2)]
    np.testing.assert_allclose(correlations, 0.0, atol=4 / np.sqrt(20_000))
    assert world.num_outcomes is None


def test_outcomes_of_worlds_with_chance_are_listed_beside_certain_ones():
    chance = Bandit(rewards=np.array([[0.3, 0.9, 0.0]]), distribution="bernoulli")
    world = MultiTask(
        tasks=(Task(name="dice", world=chance, scale=2.0), Task(name="arms", world=Bandit(rewards=ARMS)))
    )  # fmt: skip
    assert world.num_outcomes == 2
    tokens, mask = say(world, [[[0]], [[0]], [[1]]])
    values, chances = world.reward_outcomes(tokens, mask, jnp.asarray(0))
    np.testing.assert_allclose(chances[:, 0], [[0.3, 0.7], [1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(values[:, 0, :, 0], [[2.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    mean = np.sum(np.asarray(chances)[..., None] * np.asarray(values), axis=2)
    np.testing.assert_allclose(mean, world.expected_rewards(tokens, mask, jnp.asarray(0)))


def test_a_tasks_scale_may_change_over_time():
    world = two_tasks(scale=Jump(at=3, before=0.0, after=5.0))
    tokens, mask = say(world, [[[0, -1]], [[1, -1]], [[1, 2]]])
    early, late = (world.expected_rewards(tokens, mask, jnp.asarray(rollout)) for rollout in (2, 3))
    np.testing.assert_allclose(early[..., 0], [[0.0], [0.0], [1.0]])
    np.testing.assert_allclose(late[..., 0], [[5.0], [5.0], [1.0]])


def test_per_source_normalisation_makes_small_and_large_sources_count_the_same():
    big = Source(reward=CountToken(token=0), scale=1000.0)
    world = MultiTask(tasks=(Task(name="arms", world=Bandit(rewards=np.array([[0.0, 1.0]])), sources=(big,)),))
    tokens, mask = say(world, [[[0], [1], [0], [1]]])
    sources = world.expected_rewards(tokens, mask, jnp.asarray(0))
    found = PerSource(eps=0.0, whiten="nothing")(sources, jnp.ones(sources.shape[:2]))
    np.testing.assert_allclose(found, 0.0, atol=1e-15)  # 1 against −1
    np.testing.assert_allclose(GroupMean()(sources.sum(axis=-1)), [[499.5, -499.5, 499.5, -499.5]])


BANDIT = {"kind": "bandit", "rewards": [[1.0, 0.0]]}


@pytest.mark.parametrize(
    ("tasks", "key", "hint"),
    [
        ([{"name": "a", "world": BANDIT}, {"name": "a", "world": BANDIT}], "environment.tasks[1].name", "'a'"),
        (
            [{"name": "a", "world": BANDIT}, {"name": "b", "world": {"kind": "bandit", "rewards": [[1.0, 0.0, 0.5]]}}],
            "environment.tasks[1].world",
            "vocabulary",
        ),
        ([{"name": "a b", "world": BANDIT}], "environment.tasks[0].name", "match"),
        ([{"name": "a", "world": {"kind": "bandit", "rewards": [[1.0]]}}], "environment.tasks[0].world.rewards", "two"),
        ([{"name": "a", "world": {"kind": "bandits"}}], "environment.tasks[0].world", "bandit"),
        ([{"name": "a", "world": BANDIT, "noise": -1.0}], "environment.tasks[0].noise", "> 0"),
        ([{"name": "a", "world": BANDIT, "scale": "5"}], "environment.tasks[0].scale", "number"),
        ([{"name": "a", "world": BANDIT, "skale": 5.0}], "environment.tasks[0].skale", "scale"),
        (
            [{"name": "a", "world": BANDIT, "sources": [{"reward": {"rule": "count", "token": 7}}]}],
            "environment.tasks[0].sources[0].reward",
            "outside",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(tasks, key, hint):
    with pytest.raises(ScenarioError) as refused:
        load(tables(environment={"kind": "multi_task", "tasks": tasks}))
    found = dict(refused.value.problems)
    assert any(at.startswith(key) and hint in sentence for at, sentence in found.items()), found
