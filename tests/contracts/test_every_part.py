"""What every registered part keeps to, whatever it is: a new part is picked up here by itself."""

import dataclasses
import re
from functools import cache
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

import simulator as sim
from simulator.environments.base import Environment
from simulator.exact import Enumerated, MonteCarlo, Oracle, completion_logprobs, list_completions
from simulator.methods.base import Method
from simulator.parts import claim_of
from simulator.parts import part as part_of_an_experiment
from simulator.policies.base import Policy
from simulator.probes import BUILT_IN, PROBES
from simulator.surrogates.base import Surrogate, softmax_pullback
from tests.surrogates import batches

FAMILIES = {"environment": sim.ENVIRONMENTS, "policy": sim.POLICIES, "method": sim.METHODS, "rollouts": sim.ROLLOUTS}
FAMILIES |= {"dialect": sim.DIALECTS}
EVERY_PART = [(family, name) for family, members in FAMILIES.items() for name in members.members]

# The tables of parts that cannot be made from their name alone.
EXAMPLES = {
    ("environment", "bandit"): {"rewards": ((1.0, 0.0, 0.5), (0.0, 0.2, 0.9))},
    ("environment", "token_tree"): {
        "vocab_size": 3,
        "max_length": 3,
        "num_prompts": 2,
        "length_cost": 0.1,
        "reward": {"rule": "count", "token": 1},
    },
    ("environment", "token_chain"): {"vocab_size": 3, "targets": ((2, 0), (1,)), "context": "last_token"},
    ("environment", "length_trap"): {"short": 3, "long": 5, "num_prompts": 2},
    ("environment", "verifier"): {
        "world": {"kind": "length_trap", "short": 2, "long": 4, "num_prompts": 2},
        "false_positive": 0.1,
        "false_negative": 0.2,
    },
    ("environment", "multi_task"): {
        "tasks": (
            {"name": "arms", "world": {"kind": "bandit", "rewards": ((1.0, 0.0, 0.5),)}, "scale": 5.0},
            {
                "name": "answers",
                "world": {
                    "kind": "verifier",
                    "world": {
                        "kind": "token_tree",
                        "vocab_size": 3,
                        "max_length": 2,
                        "reward": {"rule": "match", "target": (1,)},
                    },
                    "false_positive": 0.25,
                },
                "sources": ({"reward": {"rule": "count", "token": 2}, "scale": -0.1},),
            },
        )
    },
    ("environment", "recorded"): {"vocab_size": 3, "num_prompts": 2, "max_length": 2},
    ("rollouts", "fixed"): {"completions": (((1,), (0,), (2,)), ((2,), (2,), (1,)))},
    ("method", "custom"): {
        "advantage": {"kind": "leave_one_out"},
        "level": {"kind": "sequence"},
        "gate": {"kind": "clip", "dual": 3.0},
        "reduction": {"kind": "token_mean"},
        "kl": {"coef": 0.1},
        "entropy": {"coef": 0.01},
    },
}


def part(family, name):
    """A small example of a registered part, made the way that a scenario file makes it."""
    cls = FAMILIES[family].members[name]
    required = [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if required and (family, name) not in EXAMPLES:
        pytest.fail(f"give the {family} {name!r} an example in EXAMPLES of {__file__}: it needs {', '.join(required)}")
    return TypeAdapter(cls).validate_python({FAMILIES[family].tag: name, **EXAMPLES.get((family, name), {})})


METRICS = PROBES.metrics()
FEW = ("ratio", "clip", "update")


def experiment(environment, method, policy, oracle=None, probes=BUILT_IN):
    """Two rollouts of two updates; beside the enumeration a memoryless twin, of an optimizer that decays."""
    twin = isinstance(oracle, Enumerated)
    return sim.Experiment(
        environment=part("environment", environment),
        policy=part("policy", policy),
        method=part("method", method),
        optimizer=sim.optimizer("adamw" if twin else "adam", learning_rate=0.05),
        training=sim.Training(num_rollouts=2, group_size=3, epochs=2),
        record=sim.Record(probes=probes, ratios=sim.Stride(), oracle=oracle, twin=twin),
    )


@cache
def run(*parts, **others):
    """The trace of an experiment."""
    return jax.jit(sim.simulate)(experiment(*parts, **others), jax.random.key(0))


def assert_finite(trace):
    for name, values in trace.metrics.items():
        # where nothing is shared, pushed, silenced
        undefined = name.startswith("prefix/") or name.endswith(("cos_grad", "_share", "drift/coasting"))
        assert undefined or np.all(np.isfinite(values)), name
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(trace.params))


# Every part


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_a_part_is_a_pytree_whose_structure_can_be_hashed(family, name):
    one, other = part(family, name), part(family, name)
    assert hash(jax.tree.structure(one)) == hash(jax.tree.structure(other))
    assert jax.tree.structure(one) == jax.tree.structure(other)


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_a_part_survives_being_taken_apart(family, name):
    one = part(family, name)
    leaves, structure = jax.tree.flatten(one)
    again = jax.tree.unflatten(structure, leaves)
    assert type(again) is type(one)
    assert all(left is right for left, right in zip(jax.tree.leaves(again), leaves, strict=True))


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_every_leaf_of_a_part_is_a_number_or_an_array(family, name):
    for leaf in jax.tree.leaves(part(family, name)):
        assert np.issubdtype(np.asarray(leaf).dtype, np.number), leaf


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_the_docstring_begins_with_a_sentence(family, name):
    claim = claim_of(FAMILIES[family].members[name])
    assert claim.endswith(".") and "(*" not in claim, claim
    assert not claim[0].islower() or claim.startswith(name), claim  # verl and torchrl are written so


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_a_part_knows_its_own_name(family, name):
    assert getattr(part(family, name), FAMILIES[family].tag) == name


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_the_example_has_no_problems(family, name):
    assert not list(getattr(part(family, name), "problems", tuple)())


@pytest.mark.parametrize(("family", "name"), EVERY_PART)
def test_the_family_reads_the_tag_and_makes_the_part(family, name):
    table = {FAMILIES[family].tag: name, **EXAMPLES.get((family, name), {})}
    assert type(FAMILIES[family].adapter().validate_python(table)) is FAMILIES[family].members[name]


def test_a_name_is_given_once():
    @part_of_an_experiment
    class Bandit(sim.environments.Bandit):
        """Another bandit."""

    with pytest.raises(ValueError, match="environment 'bandit' is there already: .*environments.bandit"):
        sim.ENVIRONMENTS.add(Bandit)
    assert sim.ENVIRONMENTS.add(sim.environments.Bandit) is sim.ENVIRONMENTS.members["bandit"]  # as a cell run again


# Environments


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_an_environment_has_what_the_loop_asks_for(name):
    environment = part("environment", name)
    assert isinstance(environment, Environment)
    assert environment.start().shape == (environment.num_prompts,)
    assert environment.completions().shape == (environment.num_completions, environment.max_length)


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_states_and_tokens_stay_in_range(name):
    environment = part("environment", name)
    said = list_completions(environment).completions
    assert said.states.min() >= 0 and said.states.max() < environment.num_states
    assert said.tokens.min() >= 0 and said.tokens.max() < environment.vocab_size
    assert np.all(said.mask[..., 0])  # a completion has at least one token
    assert not np.any(said.mask[..., 1:] & ~said.mask[..., :-1])  # and no gap


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_a_completion_that_a_prompt_can_have_is_said_as_it_is_written(name):
    environment = part("environment", name)
    listed, written = list_completions(environment), environment.completions()
    said = np.where(listed.completions.mask, listed.completions.tokens, -1)
    for prompt, row in np.argwhere(listed.valid):
        np.testing.assert_array_equal(said[prompt, row], written[row])
    assert np.all(np.any(listed.valid, axis=0))  # every row is some prompt's
    assert len(np.unique(written, axis=0)) == len(written)


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_the_list_leaves_out_nothing_that_a_prompt_can_say(name):
    environment, policy = part("environment", name), sim.policies.Tabular(start="gaussian")
    listed, params = list_completions(environment), policy.init(jax.random.key(0), environment)
    chances = np.exp(completion_logprobs(policy, params, listed))
    np.testing.assert_allclose(chances.sum(axis=1), np.ones(environment.num_prompts), rtol=1e-12)


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_a_policy_draws_every_token_that_does_not_follow_with_certainty(name):
    environment = part("environment", name)
    said = list_completions(environment).completions
    for position in range(environment.max_length):
        certain = environment.follows(said.states[..., position])
        free = np.ones(said.mask.shape[:2], dtype=bool) if certain is None else np.asarray(certain) < 0
        np.testing.assert_array_equal(said.chosen[..., position], said.mask[..., position] & free)


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_every_prompt_belongs_to_a_task(name):
    environment = part("environment", name)
    tasks = environment.prompt_tasks()
    assert tasks.shape == (environment.num_prompts,)
    assert set(tasks.tolist()) == set(range(len(environment.task_names) or 1))


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_sampled_rewards_have_the_expected_mean(name):
    environment, now = part("environment", name), jnp.asarray(0)
    said = list_completions(environment).completions
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.vmap(lambda key: environment.sample_rewards(key, said.tokens, said.mask, now))(keys)
    expected = environment.expected_rewards(said.tokens, said.mask, now)
    assert expected.shape == (*said.mask.shape[:2], environment.num_sources)
    error, deviation = np.abs(drawn.mean(axis=0) - expected), np.std(drawn, axis=0)
    assert np.all(error <= 4.5 * deviation / np.sqrt(4000) + 1e-12)


@pytest.mark.parametrize("name", sim.ENVIRONMENTS.members)
def test_the_outcomes_of_a_reward_are_all_that_can_be_drawn(name):
    environment, now = part("environment", name), jnp.asarray(0)
    said = list_completions(environment).completions
    outcomes = environment.reward_outcomes(said.tokens, said.mask, now)
    if environment.num_outcomes is None:
        assert outcomes is None
        return
    values, chances = outcomes
    assert values.shape == (*said.mask.shape[:2], environment.num_outcomes, environment.num_sources)
    np.testing.assert_allclose(chances.sum(axis=-1), np.ones(said.mask.shape[:2]), rtol=1e-14)
    expected = environment.expected_rewards(said.tokens, said.mask, now)
    np.testing.assert_allclose(np.einsum("pcom,pco->pcm", values, chances), expected, atol=1e-14)
    drawn = environment.sample_rewards(jax.random.key(0), said.tokens, said.mask, now)
    assert np.all(np.any(np.all(drawn[:, :, None] == values, axis=-1) & (chances > 0), axis=-1))


# Policies


@pytest.mark.long
@pytest.mark.parametrize("name", sim.POLICIES.members)
@pytest.mark.parametrize("environment", sim.ENVIRONMENTS.members)
def test_a_policy_gives_every_token_a_row_of_logits(name, environment):
    world = part("environment", environment)
    policy = part("policy", name).prepare(jax.random.key(1), world)
    assert isinstance(policy, Policy) and isinstance(part("policy", name), Policy)
    every, params = list_completions(world).completions, policy.init(jax.random.key(0), world)
    logits, rows = policy.logits(params, every), policy.rows(every)
    assert logits.shape[1] == world.vocab_size and rows.shape == every.tokens.shape
    assert rows.min() >= 0 and rows.max() < len(logits)


@pytest.mark.long
@pytest.mark.parametrize("name", sim.POLICIES.members)
def test_a_policy_can_be_simulated(name):
    assert_finite(run("multi_task", "grpo", name))  # the world with most in it: ragged, several sources, chance


@pytest.mark.long
@pytest.mark.parametrize("environment", sim.ENVIRONMENTS.members)
def test_an_environment_can_be_simulated(environment):
    assert_finite(run(environment, "grpo", "tabular"))


# Methods


@pytest.mark.parametrize("name", sim.METHODS.members)
def test_a_method_fits_into_the_loop(name):
    program = experiment("token_tree", name, "tabular", probes=FEW)
    trace = jax.eval_shape(sim.simulate, program, jax.random.key(0))  # shapes and types alone: nothing is compiled
    assert {values.shape for values in trace.metrics.values()} == {(2, 2)}


WATCHED = ("grpo", "gspo", "gmpo", "cispo", "custom")  # what the probes say of them differs: bands, cuts, bounds, terms


def unlike():
    """Further methods, one for each filter and for each thing that an advantage reads of a rollout."""
    seen = set()
    for name in sim.METHODS.members:
        surrogate = part("method", name).surrogate()
        new = {type(surrogate.filter), *surrogate.advantage.reads} - seen
        seen |= new
        if new and name not in WATCHED:
            yield name


@pytest.mark.long
@pytest.mark.parametrize("name", [*WATCHED, *unlike()])
def test_a_method_can_be_simulated(name):
    few = {} if name in WATCHED else {"probes": FEW}
    assert_finite(run("token_tree", name, "tabular", **few))


@pytest.mark.parametrize("name", sim.METHODS.members)
def test_a_method_is_a_point_of_the_product(name):
    method = part("method", name)
    assert isinstance(method, Method) and isinstance(method.surrogate(), Surrogate)


def spellings():
    """Every named method, and the names of the dialects that stand for a product of their own, advantages aside."""
    yield from (pytest.param(part("method", name), id=name) for name in sim.METHODS.members)
    seen = set()
    for dialect, cls in sim.DIALECTS.members.items():
        for name, options in cls.presets.items():
            factors = dataclasses.replace(
                cls(**options).surrogate(), advantage=sim.methods.GRPO().surrogate().advantage
            )
            if (product := str(factors)) not in seen:
                yield pytest.param(cls(**options), id=f"{dialect} {name}")
            seen.add(product)


@pytest.mark.parametrize("method", list(spellings()))
def test_the_push_is_the_gradient_of_the_objective(method):
    surrogate = method.surrogate()
    batch = batches.minibatch(np.asarray(surrogate.advantages(batches.rollout())))

    def objective(logits):
        return surrogate.objective(dataclasses.replace(batch, log_probs=jax.nn.log_softmax(logits)))

    pushed = softmax_pullback(batch.log_probs, surrogate.row_push(batch, surrogate.token_push(batch)))
    np.testing.assert_allclose(pushed, jax.grad(objective)(jnp.asarray(batches.LOGITS)), atol=1e-13)


# Probes


ORACLES = (Enumerated(), MonteCarlo(batches=32))


def traces():
    """Runs of every environment, every kind of method and every oracle, with what their probes declare."""
    chosen = [(world, "grpo", "tabular") for world in sim.ENVIRONMENTS.members]
    chosen += [("token_tree", name, "tabular") for name in WATCHED]
    chosen += [("token_tree", "grpo", "tabular", oracle) for oracle in ORACLES]
    for each in chosen:
        yield run(*each), PROBES.declared(BUILT_IN, part("environment", each[0]).task_names)


def test_every_oracle_is_tried():
    assert {type(oracle) for oracle in ORACLES} == set(get_args(get_args(Oracle)[0]))


@pytest.mark.long
def test_every_metric_that_is_returned_is_declared():
    for trace, metrics in traces():
        assert set(trace.metrics) <= set(metrics)


@pytest.mark.long
def test_every_metric_that_is_declared_is_returned_by_some_run():
    found = {re.sub("^task/[^/]+/", "task/<task>/", name) for trace, _ in traces() for name in trace.metrics}
    assert set(METRICS) == found


@pytest.mark.long
def test_a_metric_is_one_number_an_update():
    assert {values.shape for trace, _ in traces() for values in trace.metrics.values()} == {(2, 2)}


@pytest.mark.long
def test_what_belongs_to_a_rollout_does_not_change_within_it():
    for trace, metrics in traces():
        for name, values in trace.metrics.items():
            if metrics[name].when == "rollout":
                np.testing.assert_array_equal(values[:, 0], values[:, 1])


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.kind)
def test_what_an_oracle_finds_is_finite(oracle):
    for name, values in run("token_tree", "grpo", "tabular", oracle).metrics.items():
        if name.startswith("bias/"):
            assert np.all(np.isfinite(values)), name


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_defined_in_words(name):
    assert METRICS[name].name == name and len(METRICS[name].definition.split()) >= 3


@pytest.mark.parametrize("name", PROBES.names())
def test_a_probe_has_a_docstring_and_can_be_recorded_alone(name):
    assert PROBES[name].measure.__doc__.strip()
    assert sim.Record(probes=(name,)).probes == (name,)
