"""Optimizers that are not optax's: one call from Python, one entry point from an installed package."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import jax
import jsonschema
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.cli.main import main
from simulator.execution.compute import execute
from simulator.execution.plan import make_plan
from simulator.optimizers.registry import GROUP, NOT_DRIVEN, OPTIMIZERS, OWN, Optimizers, read
from simulator.optimizers.signatures import of_optax
from simulator.scenario.json_schema import scenario_schema
from tests import fresh
from tests.installed import install
from tests.small import resolved, tables

if TYPE_CHECKING:
    from somewhere import Unheard


def my_sgd(learning_rate: float, boost: float = 2.0, nesterov: bool = False) -> optax.GradientTransformation:
    """SGD whose steps are `boost` times as long.

    With momentum.
    """
    return optax.sgd(boost * learning_rate, momentum=0.9, nesterov=nesterov)


@pytest.fixture
def add(monkeypatch):
    """`OPTIMIZERS.add`; what a test adds is gone after it."""
    monkeypatch.setattr(OPTIMIZERS, "_read", dict(OPTIMIZERS._read))
    return OPTIMIZERS.add


def steps(optimizer):
    """What an optimizer adds in three updates of the same gradient."""
    gradient = params = np.array([[1.0, -2.0, 0.5]])
    built, found = optimizer.build(), []
    state = built.init(params)
    for _ in range(3):
        update, state = built.update(gradient, state, params)
        found.append(update)
    return jax.numpy.stack(found)


def trained(optimizer):
    """The parameters of a bandit after two rollouts of three updates."""
    experiment = sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.5]])),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=2, group_size=4, epochs=3),
        record=sim.Record(probes=("update",)),
    )
    return sim.simulate(experiment, jax.random.key(0)).params["logits"]


def refused(**optimizer):
    with pytest.raises(sim.ScenarioError) as found:
        sim.load(tables(optimizer=optimizer))
    return found.value.problems


# From Python


def test_what_was_added_goes_by_its_name_and_is_what_it_builds(add):
    assert add(my_sgd) is my_sgd
    named = trained(sim.optimizer("my_sgd", learning_rate=0.1, boost=3.0, nesterov=True))
    np.testing.assert_array_equal(named, trained(sim.optimizer(optax.sgd(3.0 * 0.1, momentum=0.9, nesterov=True))))
    assert np.ptp(named) > 0.1


def test_it_can_be_a_decorator_or_be_given_another_name(add):
    @add
    def decorated(learning_rate: float) -> optax.GradientTransformation:
        return optax.sgd(learning_rate)

    add(functools.partial(optax.sgd, momentum=0.5), name="half-heavy")
    assert {"decorated", "half-heavy"} < set(OPTIMIZERS)
    np.testing.assert_array_equal(
        steps(sim.optimizer("half-heavy", learning_rate=0.1)), steps(sim.optimizer(optax.sgd(0.1, momentum=0.5)))
    )


def test_its_numbers_are_leaves_and_its_options_are_structure(add):
    add(my_sgd)
    compiled = jax.jit(steps)
    once, twice = (compiled(sim.optimizer("my_sgd", learning_rate=0.1, boost=boost)) for boost in (1.0, 2.0))
    np.testing.assert_array_equal(2 * once, twice)
    assert compiled._cache_size() == 1 and np.all(once != 0)
    compiled(sim.optimizer("my_sgd", learning_rate=0.1, boost=1.0, nesterov=True))
    assert compiled._cache_size() == 2


def test_a_scenario_names_it_and_sweeps_its_numbers(add):
    add(my_sgd)
    table = {"name": "my_sgd", "learning_rate": 0.1, "boost": {"values": [1.0, 2.0]}}
    scenario = sim.load(tables(optimizer=table))
    assert len(make_plan(scenario).structures) == 1
    assert [point.values for point in scenario.points] == [{"optimizer.boost": 1.0}, {"optimizer.boost": 2.0}]
    recorded = resolved(scenario)[1]["optimizer"]
    assert (recorded["name"], recorded["boost"], recorded["nesterov"]) == ("my_sgd", 2.0, False)


@pytest.mark.parametrize(
    ("optimizer", "key", "sentence"),
    [
        ({"name": "my_sdg"}, "name", "did you mean 'my_sgd'?"),
        ({"name": "my_sgd", "bost": 1.0}, "bost", "my_sgd has no parameter 'bost'; did you mean 'boost'?"),
        ({"name": "my_sgd", "nesterov": 1}, "nesterov", "must be true or false, got 1 (an integer)"),
        ({"name": "my_sgd", "boost": "two"}, "boost", "must be a finite number, got 'two' (a string)"),
        ({"name": "my_sgd", "learning_rate": -1.0}, "learning_rate", "must be >= 0, got -1.0"),
    ],
)
def test_what_is_wrong_in_its_table_is_said(add, optimizer, key, sentence):
    add(my_sgd)
    ((found, text),) = refused(**({"learning_rate": 0.1} | optimizer))
    assert found == f"optimizer.{key}" and text.endswith(sentence)


def test_what_it_requires_is_required(add):
    add(my_sgd)
    assert refused(name="my_sgd") == [("optimizer.learning_rate", "is required by my_sgd")]


def test_the_list_and_the_schema_know_it(add, capsys):
    add(my_sgd)
    assert main(["list", "optimizers"]) == 0
    assert re.search(r"^my_sgd +SGD whose steps are `boost` times as long\.", capsys.readouterr().out, re.MULTILINE)
    schema = jsonschema.Draft202012Validator(scenario_schema())
    assert schema.is_valid(tables(optimizer={"name": "my_sgd", "learning_rate": 0.1, "boost": 3}))
    assert not schema.is_valid(tables(optimizer={"name": "my_sgd", "learning_rate": 0.1, "bost": 3}))


def test_a_name_is_given_once(add):
    add(my_sgd)
    add(my_sgd)  # as a notebook's cell does that is run again
    with pytest.raises(ValueError, match="there is an optimizer 'my_sgd' already: .*my_sgd.*, added from Python"):
        add(optax.sgd, name="my_sgd")
    with pytest.raises(ValueError, match="there is an optimizer 'adam' already: optax.adam"):
        add(my_sgd, name="adam")


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        (lambda learning_rate, /: None, "'learning_rate' is positional-only"),
        (lambda *numbers: None, "'[*]numbers' is variadic positional"),
        (lambda **numbers: None, "'[*][*]numbers' is variadic keyword"),
        (lambda learning_rate: None, "cannot give 'learning_rate': it needs a default, or a type"),
        (lambda max_grad_norm=1.0: None, "'max_grad_norm' means something in the table of any optimizer"),
        (lambda label="a": None, "'label' means something"),
        (lambda learning_rate=0.1: None, "an optimizer's name is made of letters"),
        (optax.sgd(0.1), "an optax object needs no name"),
    ],
)
def test_what_a_table_could_not_say_is_refused_with_the_reason(add, factory, reason):
    before = list(OPTIMIZERS)
    with pytest.raises(ValueError, match=reason):
        add(factory)
    assert list(OPTIMIZERS) == before


# Signatures


def typed(
    rate: optax.ScalarOrSchedule,
    whole: float = 2,
    maybe: float | None = None,
    marked: Annotated[float, "anything"] = 0.5,
    endless: float = float("inf"),
    steps: int = 3,
    flag: bool = True,
    word: Literal["a", "b"] = "a",
    text: str = "free",
    pair: tuple[float, float] = (0.9, 0.99),
    pair_or_none: tuple[float, float] | None = None,
    counted: jax.typing.ArrayLike = 5,
    mask: Any = None,
    call: optax.Schedule | None = None,
    unknown: Unheard = 0.25,
    like_a_float=0.1,
    like_an_int=4,
    like_nothing=None,
) -> Unheard:
    return None


KINDS = {
    "rate": ("number", None),
    "whole": ("number", 2),
    "maybe": ("number", None),
    "marked": ("number", 0.5),
    "endless": ("number", None),
    "steps": ("count", 3),
    "flag": ("flag", True),
    "word": ("choice", "a"),
    "text": ("choice", "free"),
    "pair": ("numbers", (0.9, 0.99)),
    "pair_or_none": ("opaque", None),
    "counted": ("integer", 5),
    "mask": ("opaque", None),
    "call": ("opaque", None),
    "unknown": ("number", 0.25),
    "like_a_float": ("number", 0.1),
    "like_an_int": ("count", 4),
    "like_nothing": ("opaque", None),
}


def test_kinds_come_from_types_and_without_types_from_defaults():
    factory = read("typed", typed)
    words = factory.keywords
    assert {name: (word.kind, word.default) for name, word in words.items()} == KINDS
    assert [name for name, word in words.items() if word.required] == ["rate"]
    assert [name for name, word in words.items() if word.schedule] == ["rate"]
    assert words["word"].choices == ("a", "b") and words["text"].choices == () == words["maybe"].choices
    assert words["maybe"].optional and not words["whole"].optional
    assert factory.module == OWN and factory.summary == ""


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "nadam", "lion", "rmsprop", "adafactor", "lamb", "novograd"])
def test_optaxs_functions_are_read_as_from_their_source(name):
    by_signature, by_source = read(name, getattr(optax, name)).keywords, of_optax()[name].keywords
    preset = getattr(getattr(optax, name), "keywords", {})
    assert by_signature.keys() - preset.keys() == by_source.keys()
    for key, word in by_source.items():
        found = by_signature[key]
        told = (found.kind, found.required, found.default, found.schedule, found.choices)
        assert told == (word.kind, word.required, word.default, word.schedule, word.choices), key


def test_a_schedule_reaches_it_where_it_says_so(add):
    @add
    def scheduled(learning_rate: optax.ScalarOrSchedule) -> optax.GradientTransformation:
        return optax.sgd(learning_rate)

    rate = {"schedule": "linear_schedule", "init_value": 0.2, "end_value": 0.0, "transition_steps": 6}
    schedule = optax.linear_schedule(0.2, 0.0, 6)
    named = steps(sim.optimizer("scheduled", learning_rate=rate))
    np.testing.assert_array_equal(named, steps(sim.optimizer(optax.sgd(schedule))))
    np.testing.assert_allclose(named[2] / named[0], 4 / 6, rtol=1e-6)  # optax computes schedules in single precision
    add(my_sgd)
    assert refused(name="my_sgd", learning_rate=rate) == [("optimizer.learning_rate", "takes a number, no schedule")]


# From installed packages

PACKAGES = {
    "shelf": {
        "good_steps": "shelf.steps:good_steps",
        "greedy": "shelf.steps:greedy",
        "adam": "shelf.steps:good_steps",
        "twice": "shelf.steps:good_steps",
    },
    "brittle": {"broken": "brittle:broken", "missing": "shelf.steps:nowhere", "twice": "brittle:twice"},
}
STEPS = '''
from __future__ import annotations
import typing
if typing.TYPE_CHECKING:
    import optax

def good_steps(learning_rate: float, boost: float = 2.0) -> optax.GradientTransformation:
    """Good steps."""
    import optax
    return optax.sgd(boost * learning_rate)

def greedy(*everything):
    pass
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder into which two packages were installed, of which one breaks when it is imported."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "shelf").mkdir()
    (folder / "shelf" / "__init__.py").write_text("")
    (folder / "shelf" / "steps.py").write_text(STEPS)
    (folder / "brittle.py").write_text("raise RuntimeError('brittle broke')")
    for package, entries in PACKAGES.items():
        install(folder, package, {GROUP: entries}, version="1.5")
    return folder


@pytest.fixture
def installed(site, monkeypatch):
    """The optimizers of an interpreter in which the packages are installed."""
    monkeypatch.syspath_prepend(site)
    return Optimizers()


REASONS = {
    "broken": "brittle:broken of package brittle 1.5 cannot be used: RuntimeError: brittle broke",
    "missing": "shelf.steps:nowhere of package brittle 1.5 cannot be used: AttributeError: ",
    "greedy": "shelf.steps:greedy of package shelf 1.5 cannot be used: ValueError: greedy: '*everything' is variadic",
    "adam": "the name is given more than once: optax.adam, shelf.steps:good_steps of package shelf 1.5",
    "twice": "brittle:twice of package brittle 1.5",
}


@pytest.mark.parametrize("name", REASONS)
def test_what_cannot_be_used_says_why_and_leaves_the_others_alone(installed, name):
    assert name in installed and REASONS[name] in installed[name].not_driven
    with pytest.raises(ValueError, match=re.escape(REASONS[name])):
        installed.function(name)
    assert installed["good_steps"].not_driven == "" and installed["good_steps"].keywords["boost"].default == 2.0
    assert installed["sgd"] is of_optax()["sgd"]


def test_a_name_that_a_package_has_cannot_be_added(installed):
    with pytest.raises(ValueError, match="'good_steps' already: shelf.steps:good_steps of package shelf 1.5"):
        installed.add(my_sgd, name="good_steps")
    installed.add(my_sgd)
    assert installed["my_sgd"].keywords["boost"].default == 2.0


SCENARIO = """
title = "A small question"
question = "How small?"
[environment]
kind = "bandit"
rewards = [[1.0, 0.0]]
[method]
name = "dr_grpo"
[optimizer]
name = "NAME"
learning_rate = { values = [0.1, 0.2] }
[training]
num_rollouts = 1
group_size = 2
"""
SESSION = """
import contextlib, io, json, sys
sys.path.insert(0, {site!r})
from simulator.cli.main import main

def told(*arguments):
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = main(list(arguments))
    return [code, out.getvalue(), error.getvalue(), [name for name in ("jax", "shelf") if name in sys.modules]]

print(json.dumps([told(*arguments) for arguments in {commands!r}]))
"""


def test_the_command_line_knows_what_packages_offer(site, tmp_path):
    files = {name: str(tmp_path / f"{name}.toml") for name in ("sgd", "good_step", "good_steps", "broken")}
    for name in files:
        (tmp_path / f"{name}.toml").write_text(SCENARIO.replace("NAME", name))
    commands = [["validate", files[name]] for name in files]
    commands += [["list", "optimizers"], ["schema"]]
    commands += [["run", files["good_steps"], "--no-cache", "--out", str(tmp_path / "runs")]]
    answers = json.loads(fresh.python(SESSION.format(site=str(site), commands=commands)).splitlines()[-1])
    optaxs, typo, named, broken, listed, schema, ran = answers

    assert optaxs[0] == 0 and optaxs[3] == []
    assert typo[0] == 2 and "did you mean 'good_steps'?" in typo[2]
    assert typo[3] == []  # names are known without importing a package
    assert named[0] == 0 and "2 points" in named[1]
    assert named[3] == ["shelf"]  # the package waits for jax until it has to build
    assert broken[0] == 2 and f"cannot drive a simulated policy: {REASONS['broken']}\n" in broken[2]
    assert listed[0] == 0 and re.search(r"^good_steps +Good steps\.", listed[1], re.MULTILINE)
    assert "RuntimeError: brittle broke" in " ".join(listed[1].split())
    assert schema[0] == 0 and json.loads(schema[1])["$defs"]["optimizer.good_steps"]["description"] == "Good steps."
    assert "optimizer.broken" not in json.loads(schema[1])["$defs"]
    assert ran[0] == 0 and "learning_rate = 0.2" in ran[1]
    (updates,) = (tmp_path / "runs").glob("*/updates")
    assert list(updates.iterdir())


def test_without_any_package_optax_has_what_it_had():
    assert list(Optimizers()) == list(of_optax()) and len(Optimizers()) == len(of_optax())
    assert set(NOT_DRIVEN) == {"lbfgs", "dpsgd", "sophia"} and len(NOT_DRIVEN) == 3
    assert "adam" not in NOT_DRIVEN and NOT_DRIVEN.get("nothing") is None


def test_a_cell_that_is_run_again_with_other_code_is_what_runs(add):
    def displacement(factor):
        def again(learning_rate: float):
            """A step."""
            return optax.sgd(factor * learning_rate)

        add(again)
        scenario = sim.load(
            tables(optimizer={"name": "again", "learning_rate": 0.1}, training={"num_rollouts": 1, "group_size": 4})
        )
        (chunk,) = execute(make_plan(scenario))
        return chunk.trace.metrics["update/norm"]

    once, five_times = displacement(1.0), displacement(5.0)  # the first update of plain SGD is linear in its rate
    np.testing.assert_allclose(five_times, 5 * once, rtol=1e-12)
