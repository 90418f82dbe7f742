"""Recorded rollouts are trained on as a trainer would: held against NumPy, and against the run that recorded them."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.cli.main import main
from simulator.parts import part, static
from simulator.probes.base import PROBES, Probe
from simulator.replaying import load_replay, replay
from simulator.rollouts.files import read_rollouts
from tests.by_hand import SGD, Adam, log_softmax
from tests.small import tables

I, B, G, T, V = 3, 6, 3, 4, 4  # noqa: E741
EPOCHS, CLIP, COEF = 3, 0.1, 0.05

_rng = np.random.default_rng(11)
LENGTHS = _rng.integers(1, T + 1, size=(I, B))
MASK = np.arange(T) < LENGTHS[..., None]
MASK[0, 0] = [True, False, False, True]  # a hole: what a tool said, of which the last token is read and none trained
NEEDED = {
    "tokens": _rng.integers(V, size=(I, B, T)),
    "mask": MASK,
    "prompts": np.repeat(_rng.integers(V, size=(I, B // G)), G, axis=1),
}
REWARDS = {"rewards": _rng.normal(size=(I, B))}
SOURCES = {"rewards": _rng.normal(size=(I, B, 2)) * [1.0, 5.0]}
ADVANTAGES = {"advantages": _rng.normal(size=(I, B))}
TABLE = {"initial_logits": 0.5 * _rng.normal(size=(V, V))}
ROWS = np.concatenate([NEEDED["prompts"][..., None], NEEDED["tokens"][..., :-1]], axis=-1)
# of another policy, not of the one that is trained
LOGPROBS = {"behavior_logprobs": log_softmax(0.3 * _rng.normal(size=(V, V)))[ROWS, NEEDED["tokens"]]}

FEW = ("ratio", "clip", "update", "ratio_before")


@pytest.fixture(scope="module", autouse=True)
def ratio_before():
    """A probe: the ratios that each update's gradient sees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROBES.members, "ratio_before", Probe(_ratio_before))
        yield


def _ratio_before(step):
    """What the ratios are before the update."""
    return {"ratio_before": jnp.exp(step.before.log_ratio)}


def experiment(optimizer=("sgd", 0.5), num_rollouts=I, group_size=G, method=None, **parts):
    """GRPO with a clip and a KL penalty."""
    name, rate = optimizer
    grpo = sim.methods.GRPO(clip_low=CLIP, clip_high=CLIP, kl=sim.surrogates.KL(coef=COEF))
    return sim.Experiment(
        **{"environment": sim.environments.RecordedEnvironment(), "policy": sim.policies.Tabular()} | parts,
        method=method or grpo,
        optimizer=sim.optimizer(name, learning_rate=rate),
        training=sim.Training(num_rollouts=num_rollouts, group_size=group_size, epochs=EPOCHS),
        record=sim.Record(probes=FEW, ratios=sim.Stride()),
    )


# In NumPy: what a trainer that was written once more would do on the same rollouts


def by_hand(arrays, params, optimizer, group_size=G):
    """The metrics `[I, K]`, the log-ratios after each update `[I, K, B, T]`, and the logits at the end."""
    reference, params = log_softmax(params), params.copy()
    found = {name: [] for name in ("ratio/min", "ratio/max", "objective", "clip/active", "grad/norm", "update/norm")}
    found |= {"before": [], "log_ratio": [], "advantages": []}
    for i, (tokens, mask) in enumerate(zip(arrays["tokens"], arrays["mask"], strict=True)):
        said = [
            (b, t, arrays["prompts"][i, b] if t == 0 else tokens[b, t - 1], tokens[b, t]) for b, t in np.argwhere(mask)
        ]
        advantages = zscores(arrays, i, group_size)
        start = log_softmax(params)
        behavior = {(b, t): start[row, token] for b, t, row, token in said}
        if "behavior_logprobs" in arrays:
            behavior = {(b, t): arrays["behavior_logprobs"][i, b, t] for b, t, _, _ in said}
        found["advantages"].append(advantages)
        for _ in range(EPOCHS):
            now, ascent, objective, silenced = log_softmax(params), np.zeros_like(params), 0.0, 0
            before = np.ones(mask.shape)
            for b, t, row, token in said:
                ratio, advantage = np.exp(now[row, token] - behavior[b, t]), advantages[b]
                weight = 1 / (len(tokens) * mask[b].sum())
                silent = (advantage > 0 and ratio > 1 + CLIP) or (advantage < 0 and ratio < 1 - CLIP)
                distance = now[row, token] - reference[row, token]
                gated = min(ratio * advantage, np.clip(ratio, 1 - CLIP, 1 + CLIP) * advantage)
                objective += weight * (gated - COEF * (np.exp(-distance) - 1 + distance))
                push = (0.0 if silent else ratio * advantage) - COEF * (1 - np.exp(-distance))
                ascent[row] += weight * push * (np.eye(V)[token] - np.exp(now[row]))
                silenced += silent
                before[b, t] = ratio
            update = optimizer.update(-ascent, params)
            params = params + update
            now, after = log_softmax(params), np.zeros(mask.shape)
            for b, t, row, token in said:
                after[b, t] = now[row, token] - behavior[b, t]
            found["before"].append(before)
            found["log_ratio"].append(after)
            found["ratio/min"].append(np.exp(after[mask].min()))
            found["ratio/max"].append(np.exp(after[mask].max()))
            found["objective"].append(objective)
            found["clip/active"].append(silenced / mask.sum())
            found["grad/norm"].append(np.linalg.norm(ascent))
            found["update/norm"].append(np.linalg.norm(update))
    arrays = {name: np.array(values) for name, values in found.items() if name != "advantages"}
    shaped = {name: array.reshape(-1, EPOCHS, *array.shape[1:]) for name, array in arrays.items()}
    return SimpleNamespace(**shaped, advantages=np.array(found["advantages"]), logits=params, metrics=shaped)


def zscores(arrays, i, group_size):
    """GRPO's advantages of one rollout `[B]`, or those that were recorded."""
    if "advantages" in arrays:
        return arrays["advantages"][i]
    total = arrays["rewards"][i].reshape(B, -1).sum(axis=1).reshape(-1, group_size)
    centred = total - total.mean(axis=1, keepdims=True)
    return (centred / (total.std(axis=1, ddof=1, keepdims=True) + 1e-6)).reshape(B)


CASES = {
    "rewards": ({**NEEDED, **REWARDS}, ("adam", 0.1)),
    "two sources": ({**NEEDED, **SOURCES, **TABLE}, ("sgd", 2.0)),
    "advantages": ({**NEEDED, **ADVANTAGES, **TABLE}, ("adam", 0.1)),
    "everything": ({**NEEDED, **REWARDS, **ADVANTAGES, **LOGPROBS, **TABLE}, ("sgd", 0.5)),
}
OWN = {"adam": Adam, "sgd": SGD}


@cache
def replayed(case):
    """(params, trace) of a case as the simulator has it."""
    arrays, optimizer = CASES[case]
    return replay(experiment(optimizer), arrays)


@cache
def expected(case):
    """The same by hand."""
    arrays, (name, rate) = CASES[case]
    return by_hand(arrays, arrays.get("initial_logits", np.zeros((V, V))), OWN[name](learning_rate=rate))


@pytest.mark.parametrize("case", CASES)
def test_every_update_is_the_one_by_hand(case):
    (params, trace), hand = replayed(case), expected(case)
    for name in ("ratio/min", "ratio/max", "objective", "clip/active", "grad/norm", "update/norm"):
        np.testing.assert_allclose(trace.metrics[name], hand.metrics[name], rtol=1e-12, atol=1e-14, err_msg=name)
    log_ratio = np.asarray(trace.tokens.log_ratio).reshape(I, EPOCHS, B, T)
    np.testing.assert_allclose(log_ratio, hand.log_ratio, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(params["logits"], hand.logits, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(trace.params["logits"], params["logits"])


@pytest.mark.parametrize("case", CASES)
def test_the_clip_and_the_penalty_had_something_to_do(case):
    hand = expected(case)
    assert 0 < hand.metrics["clip/active"].mean() < 1
    assert abs(hand.log_ratio).max() > CLIP


@pytest.mark.parametrize("case", CASES)
def test_what_was_said_is_what_was_recorded(case):
    _, trace = replayed(case)
    said = trace.tokens
    np.testing.assert_array_equal(np.reshape(said.mask, (I, B, T)), MASK)
    np.testing.assert_array_equal(np.reshape(said.tokens, (I, B, T))[MASK], NEEDED["tokens"][MASK])


# Rewards and advantages


def test_the_sources_of_a_reward_add_up():
    _, trace = replayed("two sources")
    np.testing.assert_allclose(np.reshape(trace.tokens.rewards, (I, B)), SOURCES["rewards"].sum(axis=-1), rtol=1e-15)
    given = np.reshape(trace.tokens.advantages, (I, B))
    np.testing.assert_allclose(given, expected("two sources").advantages, rtol=1e-12)


@pytest.mark.parametrize("case", ["advantages", "everything"])
def test_recorded_advantages_are_used_as_they_are(case):
    _, trace = replayed(case)
    np.testing.assert_array_equal(np.reshape(trace.tokens.advantages, (I, B)), ADVANTAGES["advantages"])


def test_rewards_that_are_not_recorded_are_unknown():
    _, trace = replayed("advantages")
    assert np.all(np.isnan(trace.tokens.rewards))


def test_every_source_has_its_own_unit_where_the_method_reads_them():
    (point,) = scenario(CASES["two sources"][0], method={"name": "gdpo"}).points
    found, key = point.experiment, jax.random.key(0)
    now = found.rollouts.draw((key, key), found.environment, found.policy, None, G, jnp.asarray(1))
    sources = SOURCES["rewards"][1].reshape(B // G, G, 2)
    scores = (sources - sources.mean(axis=1, keepdims=True)) / (sources.std(axis=1, ddof=1, keepdims=True) + 1e-6)
    total = scores.sum(axis=-1)
    whitened = (total - total.mean()) / (total.std(ddof=1) + 1e-6)
    np.testing.assert_allclose(found.method.surrogate().advantages(now), whitened, rtol=1e-12)


# Who said it, and where training starts


def test_the_first_ratios_are_those_to_the_policy_that_said_the_tokens():
    _, trace = replayed("everything")
    first = np.asarray(trace.metrics["ratio_before"][0, 0]).reshape(B, T)
    now = log_softmax(TABLE["initial_logits"])[ROWS[0], NEEDED["tokens"][0]]
    ratio = np.exp(now - LOGPROBS["behavior_logprobs"][0])
    np.testing.assert_allclose(first[MASK[0]], ratio[MASK[0]], rtol=1e-12)
    assert np.all(abs(ratio[MASK[0]] - 1) > 1e-6)
    np.testing.assert_array_equal(first[~MASK[0]], 1.0)


@pytest.mark.parametrize("case", ["rewards", "advantages"])
def test_the_first_ratios_are_one_where_it_is_not_recorded_who_said_it(case):
    _, trace = replayed(case)
    np.testing.assert_array_equal(trace.metrics["ratio_before"][:, 0], np.ones((I, B // G, G, T)))
    assert np.abs(trace.metrics["ratio_before"][:, 1:] - 1).max() > 0.01


def test_training_starts_from_the_initial_logits_which_the_kl_is_measured_against():
    _, trace = replayed("two sources")
    scores = expected("two sources").advantages[0]
    lengths = MASK[0].sum(axis=-1)
    # all ratios are 1 and the policy is the reference: what is left is the mean advantage, without a penalty
    assert np.all(lengths > 0)
    np.testing.assert_allclose(trace.metrics["objective"][0, 0], scores.mean(), atol=1e-14)
    start = replayed("two sources")[0]["logits"] - TABLE["initial_logits"]
    np.testing.assert_allclose(trace.metrics["update/displacement"][-1, -1], np.linalg.norm(start), rtol=1e-12)


def test_given_parameters_take_the_place_of_the_initial_logits():
    arrays, optimizer = CASES["advantages"]
    own = {"logits": np.random.default_rng(3).normal(size=(V, V))}
    params, trace = replay(experiment(optimizer), arrays, params=own)
    hand = by_hand(arrays, own["logits"], Adam(learning_rate=optimizer[1]))
    np.testing.assert_allclose(params["logits"], hand.logits, rtol=1e-12)
    np.testing.assert_allclose(trace.metrics["objective"], hand.objective, rtol=1e-12, atol=1e-14)  # KL included


def test_given_parameters_start_where_nothing_else_says_where():
    arrays, optimizer = CASES["rewards"]
    params, _ = replay(experiment(optimizer), arrays, params={"logits": TABLE["initial_logits"]})
    hand = by_hand(arrays, TABLE["initial_logits"], Adam(learning_rate=optimizer[1]))
    np.testing.assert_allclose(params["logits"], hand.logits, rtol=1e-12)


def test_given_parameters_of_another_shape_are_refused():
    with pytest.raises(sim.ScenarioError, match="params"):
        replay(experiment(), CASES["rewards"][0], params={"logits": np.zeros((V - 1, V - 1))})


def test_given_parameters_are_left_as_they_are():
    own = {"logits": TABLE["initial_logits"].copy()}
    replay(experiment(CASES["rewards"][1]), CASES["rewards"][0], params=own)
    np.testing.assert_array_equal(own["logits"], TABLE["initial_logits"])


def test_garbage_outside_the_completions_changes_nothing():
    arrays, optimizer = CASES["everything"]
    read = MASK.copy()
    read[..., :-1] |= MASK[..., 1:]
    garbage = {
        "tokens": np.where(read, arrays["tokens"], -100),
        "behavior_logprobs": np.where(MASK, arrays["behavior_logprobs"], np.nan),
    }
    params, trace = replay(experiment(optimizer), arrays | garbage)
    (clean, whole) = replayed("everything")
    np.testing.assert_array_equal(params["logits"], clean["logits"])
    np.testing.assert_array_equal(trace.metrics["objective"], whole.metrics["objective"])


# The run that recorded the rollouts


@part
class Counting(sim.environments.RecordedEnvironment):
    """A world with the recorded one's contexts that samples: two prompts, token 0 ends, every token 1 is worth 1."""

    kind: Literal["counting"] = static(default="counting")

    def start(self):
        return jnp.arange(1, 1 + self.num_prompts)

    def step(self, states, tokens, position):
        return tokens, tokens == 0

    def expected_rewards(self, tokens, mask, rollout):
        return jnp.sum((tokens == 1) & mask, axis=-1, keepdims=True).astype(float)


ROLLOUTS, PROMPTS = 4, 2


def sampled(staleness):
    """A run in that world: several updates on shuffled minibatches, a clip, a KL, a Gaussian start."""
    return sim.Experiment(
        environment=Counting(vocab_size=V, num_prompts=PROMPTS, max_length=T),
        policy=sim.policies.Tabular(start="gaussian"),
        method=sim.methods.GRPO(clip_low=CLIP, clip_high=CLIP, kl=sim.surrogates.KL(coef=COEF)),
        optimizer=sim.optimizer("adam", learning_rate=0.1),
        training=sim.Training(num_rollouts=ROLLOUTS, group_size=4, epochs=2, minibatches=2),
        rollouts=sim.rollouts.Sampled(staleness=staleness),
        record=sim.Record(probes=("ratio", "clip", "update"), ratios=sim.Stride()),
    )


@cache
def run(staleness):
    """The states before each rollout and after the last, and the traces of the rollouts."""
    advance, key = jax.jit(sim.advance, static_argnames="count"), jax.random.key(5)
    states, traces = [sim.init(sampled(staleness), key)], []
    for index in range(ROLLOUTS):
        state, trace = advance(sampled(staleness), key, states[-1], jnp.asarray(index), 1)
        states.append(state)
        traces.append(trace)
    return states, jax.tree.map(lambda *each: np.concatenate(each), *traces)


@pytest.mark.long
@pytest.mark.parametrize("staleness", [0, 1])
def test_replaying_what_a_run_sampled_is_that_run(staleness):
    states, trace = run(staleness)
    said = jax.tree.map(lambda array: np.reshape(array, (ROLLOUTS, PROMPTS * 4, *array.shape[3:])), trace.tokens)
    arrays = {"tokens": said.tokens, "mask": said.mask, "rewards": said.rewards}
    arrays["prompts"] = np.tile(np.repeat([1, 2], 4), (ROLLOUTS, 1))
    if staleness:  # who said a rollout stood a rollout earlier
        rows = np.concatenate([arrays["prompts"][..., None], arrays["tokens"][..., :-1]], axis=-1)
        spoke = [log_softmax(np.asarray(states[max(i - staleness, 0)].params["logits"])) for i in range(ROLLOUTS)]
        logprobs = [spoke[i][rows[i], arrays["tokens"][i]] for i in range(ROLLOUTS)]
        arrays["behavior_logprobs"] = np.array(logprobs)
    again = replace(
        sampled(staleness),
        environment=sim.environments.RecordedEnvironment(vocab_size=V),
        rollouts=sim.rollouts.Sampled(),
    )
    params, replayed = replay(again, arrays, seed=5)
    np.testing.assert_allclose(params["logits"], states[-1].params["logits"], rtol=1e-12)
    assert set(replayed.metrics) == set(trace.metrics)
    for name, values in trace.metrics.items():
        np.testing.assert_allclose(replayed.metrics[name], values, rtol=1e-10, atol=1e-14, err_msg=name)
    assert len(set(said.mask.sum(axis=-1).ravel())) > 1 and trace.metrics["clip/active"].max() > 0


# What is refused


REPLAY = {
    "environment": {"kind": "recorded"},
    "method": {"name": "grpo"},
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
    "training": {"group_size": G, "epochs": EPOCHS},
    "record": {"probes": ["ratio", "clip", "update"]},
}


def scenario(arrays=CASES["rewards"][0], **changes):
    """A scenario on recorded rollouts; `changes` are keys of its tables."""
    changed = {name: {**table, **changes.get(name, {})} for name, table in REPLAY.items()}
    return load_replay(tables(**changes | changed), read_rollouts(arrays))


TREE = {"kind": "token_tree", "vocab_size": 4, "max_length": 4, "reward": {"rule": "count", "token": 1}}
STARTED = CASES["advantages"][0]


@pytest.mark.parametrize(
    ("arrays", "changes", "key", "sentence"),
    [
        (None, {"training": {"num_rollouts": 4}}, "training.num_rollouts", "4, but the file has 3 rollouts"),
        (None, {"training": {"group_size": 4}}, "training.group_size", "6 completions per rollout are no groups of 4"),
        (None, {"training": {"group_size": 6}}, "training.group_size", "rollout 1, completions 0 to 5: one group with"),
        (None, {"training": {"group_size": 1}}, "training.group_size", "a group of one has nothing to compare with"),
        (None, {"environment": {"num_prompts": 3}}, "environment.num_prompts", "3, but the file has 2"),
        (None, {"environment": {"max_length": 5}}, "environment.max_length", "5, but the file has 4"),
        (None, {"environment": {"vocab_size": 3}}, "environment.vocab_size", "3, but the file has token 3"),
        (
            STARTED,
            {"environment": {"vocab_size": 5}},
            "environment.vocab_size",
            "5, but the file's initial_logits have 4 rows",
        ),
        (
            STARTED,
            {"policy": {"kind": "tabular", "initial_logits": [[0.0] * V] * V}},
            "policy.initial_logits",
            "the file has initial_logits too: leave out one of them",
        ),
        (
            STARTED,
            {"policy": {"kind": "low_rank", "rank": 2}},
            "policy.kind",
            "the file's initial_logits are those of a 'tabular' policy, not of 'low_rank'",
        ),
        (
            None,
            {"policy": {"kind": "tabular", "initial_logits": [[0.0] * 3] * 3}},
            "policy.initial_logits",
            "3 rows, but the file has token 3",
        ),
        (
            None,
            {"policy": {"kind": "transformer"}},
            "policy.kind",
            "'transformer' reads whole prompts, of which recorded rollouts have the last token alone",
        ),
        (
            None,
            {"rollouts": {"kind": "sampled", "staleness": 1}},
            "rollouts.staleness",
            "recorded rollouts were said by whoever recorded them: give their behavior_logprobs",
        ),
        (
            None,
            {"record": {"oracle": {"kind": "enumerated"}}},
            "record.oracle",
            "recorded completions are not drawn from the policy: their gradient has no mean",
        ),
        (
            None,
            {"method": {"name": "remax"}},
            "method.name",
            "greedy_baseline needs the reward of the greedy completion, which no file has",
        ),
        (
            None,
            {"method": {"name": "maxrl"}},
            "method.name",
            "relative_to_mean divides by the group's mean reward: with negative rewards",
        ),
    ],
)
def test_a_scenario_that_contradicts_the_file_is_refused(arrays, changes, key, sentence):
    with pytest.raises(sim.ScenarioError) as found:
        scenario(CASES["rewards"][0] if arrays is None else arrays, **changes)
    problem, *others = found.value.problems
    assert problem[0] == key and problem[1].startswith(sentence)
    assert {other for other, _ in others} <= {key}


def test_another_world_is_refused():
    with pytest.raises(sim.ScenarioError) as found:
        load_replay(tables(environment=TREE), read_rollouts(CASES["rewards"][0]))
    (problem,) = found.value.problems
    assert problem == ("environment.kind", "recorded rollouts need the environment 'recorded', not 'token_tree'")


def test_completions_that_the_scenario_has_too_are_refused():
    """Today they are dropped without a word."""
    with pytest.raises(sim.ScenarioError) as found:
        scenario(rollouts={"kind": "fixed", "completions": [[[0], [1], [2]]] * 2})
    assert [key for key, _ in found.value.problems] == ["rollouts.kind"]


def test_from_python_the_same_sentences_are_said():
    for wrong in (experiment(num_rollouts=4), experiment(policy=sim.policies.Transformer()), experiment(group_size=4)):
        with pytest.raises(sim.ScenarioError) as found:
            replay(wrong, CASES["rewards"][0])
        assert len(found.value.problems) == 1


@pytest.mark.parametrize("name", ["remax", "maxrl"])
def test_recorded_advantages_need_nothing_of_the_rewards(name):
    assert len(scenario(CASES["everything"][0], method={"name": name}).points) == 1


def test_a_negative_source_in_a_positive_reward_is_no_negative_reward():
    sources = np.broadcast_to([2.0, -0.5], (I, B, 2))  # a cost of what was worth four times as much
    assert len(scenario({**NEEDED, "rewards": sources}, method={"name": "maxrl"}).points) == 1


def test_a_scenario_need_not_say_what_the_file_does():
    (point,) = scenario().points
    found, world = point.experiment, point.experiment.environment
    assert found.training.num_rollouts == I
    assert (world.vocab_size, world.num_prompts, world.max_length, world.num_sources) == (V, B // G, T, 1)
    (point,) = scenario(CASES["two sources"][0], environment={"vocab_size": V, "max_length": T}).points
    assert point.experiment.environment.num_sources == 2
    (point,) = scenario(environment={"vocab_size": 9}).points
    assert point.experiment.environment.num_states == 9


def test_groups_are_cut_as_every_point_says():
    # two completions per prompt, side by side: groups of two, and groups of one for a method that needs none
    points = scenario(training={"group_size": {"values": [1, 3]}}, method={"name": "reinforce"}).points
    worlds = [point.experiment.environment for point in points]
    assert [world.num_prompts for world in worlds] == [6, 2]
    assert [np.shape(point.experiment.rollouts.tokens) for point in points] == [(3, 6, 1, 4), (3, 2, 3, 4)]


def test_other_rollouts_are_another_question():
    arrays = CASES["rewards"][0]
    side_by_side = {name: array.reshape(1, I * B, *array.shape[2:]) for name, array in arrays.items()}
    doubled = arrays | {"rewards": 2 * arrays["rewards"]}
    started = arrays | {"initial_logits": np.zeros((V, V))}
    digests = [scenario(each).digest() for each in (arrays, doubled, side_by_side, started)]
    assert len(set(digests)) == 4 and scenario(dict(arrays)).digest() == digests[0]


# The command

FILE = """
title = "What would it have done?"
question = "On the same rollouts?"
[environment]
kind = "recorded"
[method]
name = "grpo"
clip_low = 0.1
clip_high = 0.1
kl = {{ coef = 0.05 }}
[policy]
kind = "tabular"
{optimizer}
[training]
group_size = 3
epochs = 3
[record]
probes = ["ratio", "clip", "update"]
"""
ONE = '[optimizer]\nname = "sgd"\nlearning_rate = 2.0'
TWO = '[[optimizer]]\nname = "sgd"\nlearning_rate = 2.0\n[[optimizer]]\nname = "adam"\nlearning_rate = 0.1'


def command(*arguments):
    """(exit code, what was printed, what was said of errors)."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Files of rollouts and of scenarios."""
    here = tmp_path_factory.mktemp("replay")
    np.savez(here / "said.npz", **CASES["two sources"][0])
    np.savez(here / "given.npz", **CASES["advantages"][0])
    (here / "one.toml").write_text(FILE.format(optimizer=ONE))
    (here / "two.toml").write_text(FILE.format(optimizer=TWO))
    return here


@pytest.fixture(scope="module")
def first(here):
    """What the first replay said, and the one run directory that it wrote."""
    said = command("replay", here / "said.npz", here / "one.toml", "--out", here / "first", "--no-cache")
    (directory,) = (here / "first").glob("[!.]*")
    return said, directory


def test_the_command_writes_a_run_with_its_parameters(first):
    (code, shown, _), directory = first
    assert code == 0 and "What would it have done?" in shown
    with np.load(directory / "params.npz") as params:
        assert params.files == ["logits"]
        np.testing.assert_allclose(params["logits"], expected("two sources").logits, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(params["logits"], replayed("two sources")[0]["logits"], rtol=1e-14)


def test_the_command_writes_every_update(first):
    _, directory = first
    updates = pd.read_parquet(directory / "updates").sort_values(["rollout", "update"])
    assert len(updates) == I * EPOCHS
    for name in ("ratio/max", "objective", "clip/active"):
        np.testing.assert_allclose(updates[name], expected("two sources").metrics[name].ravel(), rtol=1e-12, atol=1e-14)
    assert {"manifest.json", "report.html", "summary.parquet", "claims.json"} <= {
        path.name for path in directory.iterdir()
    }


def test_a_second_replay_finds_the_first(here, first):
    (_, directory) = first
    before = (directory / "params.npz").stat().st_mtime_ns
    code, shown, _ = command("replay", here / "said.npz", here / "one.toml", "--out", here / "first", "--no-cache")
    assert code == 0 and "has run before" in shown
    assert list((here / "first").glob("[!.]*")) == [directory]
    assert (directory / "params.npz").stat().st_mtime_ns == before


def test_another_file_of_the_same_name_is_another_run_and_may_have_advantages_alone(here, first):
    (here / "other").mkdir()
    np.savez(here / "other" / "said.npz", **CASES["advantages"][0])
    arguments = ("replay", here / "other" / "said.npz", here / "one.toml", "--out", here / "first", "--no-cache")
    code, shown, _ = command(*arguments)
    assert code == 0 and "has run before" not in shown
    (other,) = set((here / "first").glob("[!.]*")) - {first[1]}
    hand = by_hand(CASES["advantages"][0], TABLE["initial_logits"], SGD(learning_rate=2.0))
    with np.load(other / "params.npz") as params:
        np.testing.assert_allclose(params["logits"], hand.logits, rtol=1e-12, atol=1e-14)


def first_two(arrays):
    return {name: array if name == "initial_logits" else array[:2] for name, array in arrays.items()}


@pytest.mark.long
def test_several_points_and_seeds_have_their_parameters_side_by_side(here):
    # a start that differs from seed to seed, and fewer rollouts than the file has: the first ones
    out, changes = here / "several", ("--set", "training.num_rollouts=2", "--set", "policy.start=gaussian")
    where = (here / "said.npz", here / "two.toml", "--out", out, "--no-cache")
    assert command("replay", *where, *changes, "--seeds", "2")[0] == 0
    (directory,) = out.glob("[!.]*")
    noise = [np.asarray(sim.init(sampled(0), jax.random.key(seed)).params["logits"]) for seed in (0, 1)]
    with np.load(directory / "params.npz") as params:
        assert sorted(params.files) == ["point-0/logits", "point-1/logits"]
        for name, optimizer in (("point-0/logits", lambda: SGD(2.0)), ("point-1/logits", lambda: Adam(0.1))):
            assert params[name].shape == (2, V, V)
            for seed in (0, 1):
                hand = by_hand(first_two(CASES["two sources"][0]), TABLE["initial_logits"] + noise[seed], optimizer())
                np.testing.assert_allclose(params[name][seed], hand.logits, rtol=1e-12, atol=1e-13)


def test_a_key_that_is_set_may_be_an_axis_even_the_group_size(here):
    arrays = {**CASES["rewards"][0], "prompts": np.repeat([[1], [0], [3]], B, axis=1)}  # one prompt a rollout
    np.savez(here / "one_prompt.npz", **arrays)
    out, changes = here / "swept", ("--set", "training.group_size={values=[2, 3]}", "--set", "training.num_rollouts=2")
    assert command("replay", here / "one_prompt.npz", here / "one.toml", *changes, "--out", out, "--no-cache")[0] == 0
    (directory,) = out.glob("[!.]*")
    with np.load(directory / "params.npz") as params:
        assert sorted(params.files) == ["point-0/logits", "point-1/logits"]
        for name, group_size in (("point-0/logits", 2), ("point-1/logits", 3)):
            hand = by_hand(first_two(arrays), np.zeros((V, V)), SGD(2.0), group_size)
            np.testing.assert_allclose(params[name], hand.logits, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.npz", "one.toml"), "nowhere.npz: no such file"),
        (("one.toml", "one.toml"), "one.toml: rollouts are read from .npz or .parquet, not '.toml'"),
        (("said.npz", "nowhere.toml"), "nowhere.toml: no such file, and no shipped scenario of that name"),
        (("broken.npz", "one.toml"), "broken.npz: cannot be read: "),
        (("said.npz", "momentum_overshoot"), "momentum_overshoot.toml: environment.kind: recorded rollouts need the"),
        (("said.npz", "one.toml", "--set", "training.group_size=4"), "one.toml: training.group_size: 6 completions"),
        (("said.npz", "one.toml", "--set", "training.num_rollouts=9"), "one.toml: training.num_rollouts: 9, but the"),
        (("said.npz", "one.toml", "--set", "method.cliplow=0.1"), "one.toml: method.cliplow: unknown key; did you"),
        (("said.npz", "one.toml", "--seeds", "0"), "one.toml: training.seeds: must be >= 1, got 0"),
    ],
)
def test_bad_input_is_exit_code_2_and_one_line(here, monkeypatch, arguments, message):
    monkeypatch.chdir(here)
    (here / "broken.npz").write_bytes(b"PK\x03\x04")
    before = sorted(here.rglob("*"))
    code, shown, errors = command("replay", *arguments)
    assert (code, shown) == (2, "")
    assert message in errors and errors.count("\n") == 1
    assert sorted(here.rglob("*")) == before


SENT = "one: environment.kind: 'recorded' has its completions in a file: ratiodrift replay ROLLOUTS SCENARIO\n"


def test_a_scenario_of_recorded_rollouts_is_sent_to_replay(here):
    code, shown, errors = command("run", here / "one.toml", "--set", "training.num_rollouts=3")
    assert (code, shown, errors) == (2, "", SENT)


def test_a_scenario_that_says_how_many_rollouts_there_are_can_be_checked_and_loaded_without_them(here):
    code, shown, _ = command("validate", here / "one.toml", "--set", "training.num_rollouts=3")
    assert code == 0 and "1 point" in shown
    (point,) = sim.load(here / "one.toml", [("training.num_rollouts", 3)]).points
    params, trace = sim.replay(point.experiment, here / "said.npz")
    assert params["logits"].shape == (4, 4) and trace.metrics["ratio/max"].shape[0] == 3


def test_a_scenario_that_leaves_the_rollouts_to_the_file_is_sent_to_replay_too(here):
    code, shown, errors = command("run", here / "one.toml")
    assert (code, shown) == (2, "") and "ratiodrift replay ROLLOUTS SCENARIO" in errors


# What the trainers compute


@pytest.mark.parametrize(
    ("dialect", "names", "factors"),
    [
        ("verl", ["(default)", "grpo"], ["group_zscore", "clip("]),
        ("trl", ["(default)", "dr_grpo", "vespo"], ["group_zscore", "token_mean"]),
        ("openrlhf", ["(default)"], ["token", "clip("]),
        ("torchrl", ["(default)", "grpo", "dapo", "cispo"], ["group_zscore", "entropy("]),
        ("paper", ["grpo", "rloo", "remax"], ["leave_one_out", "score", "sequence_sum"]),
    ],
)
def test_a_dialect_lists_what_its_names_compute(dialect, names, factors):
    code, shown, errors = command("list", "methods", "--dialect", dialect)
    assert (code, errors) == (0, "")
    first_words = {line.split()[0] for line in shown.splitlines() if line and line[0] != " "}
    assert set(names) <= first_words
    if dialect != "paper":
        assert first_words == {"(default)", *sim.DIALECTS.members[dialect].presets}
    assert all(factor in shown for factor in factors)


def test_an_option_with_an_unexpected_meaning_is_marked_in_the_list():
    _, shown, _ = command("list", "methods", "--dialect", "torchrl")
    assert "! loss CISPOLoss clips the ratio" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("methods", "--dialect", "verll"), "list: --dialect: no dialect 'verll'; did you mean 'verl'?"),
        (("methods", "--dialect", "papr"), "list: --dialect: no dialect 'papr'; did you mean 'paper'?"),
        (("optimizers", "--dialect", "verl"), "list: --dialect: goes with 'methods', not with 'optimizers'"),
    ],
)
def test_a_dialect_that_lists_nothing_is_refused(arguments, message):
    code, shown, errors = command("list", *arguments)
    assert (code, shown) == (2, "") and errors.startswith(message)


def test_a_dialect_without_a_list_means_its_methods():
    assert command("list", "--dialect", "verl") == command("list", "methods", "--dialect", "verl")
