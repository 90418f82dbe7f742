"""The catalog that is read from optax's source, against the optax that is installed: signatures, and real runs."""

import functools
import inspect

import jax
import numpy as np
import optax
import optax.contrib
import pytest

import simulator as sim
from simulator.optimizers.registry import NOT_DRIVEN, OPTIMIZERS
from simulator.optimizers.signatures import schedules

KEY = jax.random.key(0)

# What optax requires, or reads as None, beyond a learning rate.
OF_OPTIMIZERS = {"l2_norm_clip": 1.0, "noise_multiplier": 1.0, "seed": 0, "max_learning_rate": 0.01}
OF_SCHEDULES = {
    "value": 0.01,
    "init_value": 0.01,
    "peak_value": 0.02,
    "end_value": 0.001,
    "decay_rate": 0.5,
    "power": 2.0,
    "transition_steps": 4,
    "decay_steps": 8,
    "warmup_steps": 2,
}
DRIVEN = sorted(set(OPTIMIZERS) - set(NOT_DRIVEN))


def imported(factory):
    return getattr(optax.contrib if factory.module == "optax.contrib" else optax, factory.name)


def table_of(factory, required):
    return {word.name: required.get(word.name, 0.01) for word in factory.keywords.values() if word.required}


def optimizer_table(name, learning_rate=0.01):
    """The least that an optimizer is built from."""
    table = table_of(OPTIMIZERS[name], OF_OPTIMIZERS)
    rate = next(key for key in OPTIMIZERS[name].keywords if "learning_rate" in key)
    return {**table, rate: learning_rate}


def every_number(factory, table):
    """The table with every other number written out as well: its default, or something where that is None."""
    written = {}
    for word in factory.keywords.values():
        if isinstance(word.default, tuple) and word.kind == "numbers":
            written[word.name] = list(word.default)
        elif word.kind in ("number", "integer", "constant"):
            written[word.name] = 0.5 if word.default is None else word.default
    return {**written, **table}


def compiled():
    """The simulation as a sweep runs it, with a cache of its own: the leaves are traced."""
    return jax.jit(lambda experiment, key: sim.simulate(experiment, key))


def bandit(optimizer):
    """Three updates on three completions."""
    return sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.5]])),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=1, group_size=3, epochs=3),
        rollouts=sim.rollouts.Fixed(completions=np.array([[[0], [1], [2]]])),
        record=sim.Record(probes=("update",)),
    )


@pytest.mark.parametrize("factory", [*OPTIMIZERS.values(), *schedules().values()], ids=lambda factory: factory.name)
def test_the_keywords_and_defaults_are_those_of_the_imported_function(factory):
    function = imported(factory)
    preset = function.keywords if isinstance(function, functools.partial) else {}
    parameters = {
        name: parameter for name, parameter in inspect.signature(function).parameters.items() if name not in preset
    }
    assert list(factory.keywords) == list(parameters)
    for name, parameter in parameters.items():
        word = factory.keywords[name]
        assert word.required == (parameter.default is inspect.Parameter.empty), name
        if not word.required and word.kind != "opaque":
            assert word.default == parameter.default, name


def test_the_usual_optimizers_are_there():
    assert {"sgd", "adam", "adamw", "lion", "muon", "rmsprop", "nadam", "signum", "adafactor"} <= set(OPTIMIZERS)


def test_what_is_no_optimizer_is_not_listed():
    assert not {"scale_by_adam", "chain", "clip_by_global_norm", "apply_every", "schedule_free"} & set(OPTIMIZERS)


@pytest.mark.long
@pytest.mark.parametrize("name", DRIVEN)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key")
def test_an_optimizer_runs_and_its_numbers_are_leaves(name):
    simulate = compiled()
    table = every_number(OPTIMIZERS[name], optimizer_table(name))
    for learning_rate in (0.01, 0.02):
        rate = next(key for key in table if "learning_rate" in key)
        trace = simulate(bandit(sim.optimizer(**{"which": name, **table, rate: learning_rate})), KEY)
        assert np.all(np.isfinite(trace.params["logits"]))
    assert simulate._cache_size() == 1


@pytest.mark.parametrize("transformation", [optax.lbfgs(0.01), optax.contrib.sophia(0.01)], ids=["lbfgs", "sophia"])
def test_what_needs_the_objective_itself_cannot_be_driven(transformation):
    with pytest.raises((TypeError, ValueError)):
        sim.simulate(bandit(sim.optimizer(transformation)), KEY)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dpsgd_takes_the_rows_of_a_table_for_examples():
    # it neither fails nor does what was meant: the update has lost the axis of the states
    private = optax.contrib.dpsgd(0.01, l2_norm_clip=1.0, noise_multiplier=0.0, seed=0)
    logits = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    updates, _ = private.update(logits, private.init(logits), logits)
    assert updates.shape == (3,)


def test_each_that_is_not_driven_is_tested():
    assert set(NOT_DRIVEN) == {"lbfgs", "sophia", "dpsgd"}


@pytest.mark.parametrize("name", NOT_DRIVEN)
def test_what_cannot_be_driven_is_refused_with_the_reason(name):
    with pytest.raises(sim.ScenarioError, match=NOT_DRIVEN[name]):
        sim.optimizer(name, **optimizer_table(name))


@pytest.mark.parametrize("name", schedules())
def test_a_schedule_with_all_its_numbers_runs_as_optaxs_own(name):
    factory = schedules()[name]
    table = every_number(factory, table_of(factory, OF_SCHEDULES))
    named = compiled()(bandit(sim.optimizer("sgd", learning_rate={"schedule": name, **table})), KEY)
    # an update of plain SGD is its gradient times the schedule, which optax computes in single precision
    schedule = getattr(optax, name)(**table)
    expected = named.metrics["grad/norm"][0] * np.array([float(schedule(update)) for update in range(3)])
    np.testing.assert_allclose(named.metrics["update/norm"][0], expected, rtol=1e-6)
    assert np.all(expected > 0)


def test_the_numbers_of_a_schedule_are_leaves():
    simulate = compiled()
    for rate in (0.1, 0.2):
        schedule = {"schedule": "linear_schedule", "init_value": rate, "end_value": 0.0, "transition_steps": 10}
        simulate(bandit(sim.optimizer("sgd", learning_rate=schedule)), KEY)
    assert simulate._cache_size() == 1


def test_options_are_structure():
    simulate = compiled()
    for nesterov in (False, True):
        named = simulate(bandit(sim.optimizer("sgd", learning_rate=0.1, momentum=0.9, nesterov=nesterov)), KEY)
        norms = named.metrics["update/norm"][0] / named.metrics["grad/norm"][0]
        # Nesterov's first update is g + 0.9 · g, heavy-ball momentum's is g
        np.testing.assert_allclose(norms[0], 0.19 if nesterov else 0.1, rtol=1e-12)
    assert simulate._cache_size() == 2
