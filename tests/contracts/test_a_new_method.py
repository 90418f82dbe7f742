"""A method or a dialect of one's own is one class: nothing else has to know of it."""

import importlib.util
import inspect
from typing import Annotated, Literal

import jax
import jsonschema
import numpy as np
import pytest
from pydantic import Field

import simulator as sim
from simulator.advantages import LeaveOneOut
from simulator.cli.main import main
from simulator.methods.base import Regularized
from simulator.parts import NonNegative, Positive, part, static
from simulator.scenario.json_schema import scenario_schema
from simulator.surrogates.gates import Clip, Score
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import SequenceMean, TokenSum
from tests.contracts import test_every_part as contracts
from tests.small import tables

ADAM = {"name": "adam", "learning_rate": 0.1}


@part
class HalfRLOO(Regularized):
    """The advantages of RLOO, of every token, divided by a number.

    J = (1/divisor) Σ_it A_i log π(o_it)
    """

    name: Literal["half_rloo"] = static(default="half_rloo")
    divisor: Positive = 2.0

    def surrogate(self) -> sim.surrogates.Surrogate:
        return sim.surrogates.Surrogate(
            advantage=LeaveOneOut(),
            level=Token(),
            gate=Score(),
            reduction=TokenSum(divisor=self.divisor),
            kl=self.kl,
            entropy=self.entropy,
        )


@part
class Workshop:
    """A trainer that was written this morning.

    Reference: its own source.
    """

    dialect: Literal["workshop"] = static(default="workshop")
    name: Literal["plain", "wide"] | None = static(default=None)
    clip_range: NonNegative = 0.2
    normalise: Annotated[bool, Field(strict=True)] = static(default=True)

    source = "workshop 0.1"
    ours = {}
    presets = {"plain": {"normalise": False}, "wide": {"clip_range": 0.4}}

    def surrogate(self) -> sim.surrogates.Surrogate:
        grpo = sim.methods.GRPO().surrogate().advantage
        return sim.surrogates.Surrogate(
            advantage=grpo if self.normalise else LeaveOneOut(),
            level=Token(),
            gate=Clip(clip_low=0.1, clip_high=self.clip_range),
            reduction=SequenceMean(),
        )

    def problems(self):
        if self.clip_range > 1:
            yield "clip_range", "is wider than the workshop"

    def warnings(self):
        if not self.normalise:
            yield "normalise", "the workshop's deviations are never read"


def registered(family, member):
    """The member of a family for a while."""
    family.add(member)
    (name,) = [name for name, known in family.members.items() if known is member]
    yield name
    del family.members[name]


@pytest.fixture(scope="module", autouse=True)
def a_method():
    yield from registered(sim.METHODS, HalfRLOO)


@pytest.fixture(scope="module", autouse=True)
def a_dialect():
    yield from registered(sim.DIALECTS, Workshop)


def printed(capsys, *arguments):
    """The words of what the command prints."""
    assert main(list(arguments)) == 0
    return " ".join(capsys.readouterr().out.split())


def made(**method):
    """The one method of a scenario."""
    (point,) = sim.load(tables(method=method, optimizer=ADAM)).points
    return point.experiment.method


def refused(**method):
    with pytest.raises(sim.ScenarioError) as found:
        made(**method)
    return found.value.problems


# Lists


def test_lists_have_it_with_its_first_sentence(capsys):
    assert "half_rloo The advantages of RLOO, of every token, divided by a number." in printed(
        capsys, "list", "methods"
    )
    assert "workshop A trainer that was written this morning." in printed(capsys, "list", "dialects")


def test_lists_have_its_factors_and_its_warnings(capsys):
    shown = printed(capsys, "list", "methods", "--dialect", "paper")
    assert "half_rloo leave_one_out × token × score × token_sum(divisor=2)" in shown
    shown = printed(capsys, "list", "methods", "--dialect", "workshop")
    for name, advantage, high in (("(default)", "group_zscore", 0.2), ("wide", "group_zscore", 0.4)):
        assert f"{name} {advantage}" in shown and f"clip(clip_low=0.1, clip_high={high})" in shown
    assert "plain leave_one_out × token × clip(clip_low=0.1, clip_high=0.2) × sequence_mean" in shown
    assert "! normalise the workshop's deviations are never read" in shown


# Scenario files


def test_a_scenario_can_name_it():
    method = made(name="half_rloo", divisor=4.0, kl={"coef": 0.1})
    assert type(method) is HalfRLOO and method.surrogate().reduction.divisor == 4.0
    assert method.kl.coef == 0.1 and method.entropy is None
    assert made(name="half_rloo", dialect="paper").divisor == 2.0


def test_a_scenario_can_be_written_in_its_words():
    assert made(dialect="workshop").clip_range == 0.2
    wide = made(dialect="workshop", name="wide")
    assert type(wide) is Workshop and wide.surrogate().gate.clip_high == 0.4
    assert made(dialect="workshop", name="wide", clip_range=0.3).clip_range == 0.3  # a number of a preset may be set
    scenario = sim.load(tables(method=[{"dialect": "workshop", "name": "plain"}, {"name": "half_rloo"}]))
    assert scenario.warnings == [("method.normalise", "the workshop's deviations are never read")]
    labels = dict.fromkeys(point.values["method"] for point in scenario.points)
    assert list(labels) == ["workshop plain", "half_rloo"]


def test_its_numbers_can_be_swept():
    points = sim.load(tables(method={"name": "half_rloo", "divisor": {"values": [1.0, 2.0]}}, optimizer=ADAM)).points
    assert [point.values for point in points] == [{"method.divisor": 1.0}, {"method.divisor": 2.0}]
    assert [point.experiment.method.divisor for point in points] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("method", "key", "sentence"),
    [
        ({"name": "half_rlo"}, "method.name", "unknown method 'half_rlo'; did you mean 'half_rloo'?"),
        ({"name": "half_rloo", "divisr": 1.0}, "method.divisr", "unknown key; did you mean 'divisor'?"),
        ({"name": "half_rloo", "divisor": 0.0}, "method.divisor", "must be > 0, got 0.0"),
        ({"name": "half_rloo", "divisor": "two"}, "method.divisor", "must be a number, got 'two' (a string)"),
        ({"dialect": "workshp"}, "method.dialect", "unknown dialect 'workshp'; did you mean 'workshop'?"),
        (
            {"dialect": "workshop", "name": "wid"},
            "method.name",
            "workshop has no method 'wid'; did you mean 'wide'?",
        ),
        (
            {"dialect": "workshop", "clip_rnge": 1.0},
            "method.clip_rnge",
            "unknown key; did you mean 'clip_range'?",
        ),
        ({"dialect": "workshop", "clip_range": 1.5}, "method.clip_range", "is wider than the workshop"),
        (
            {"dialect": "workshop", "name": "plain", "normalise": True},
            "method.normalise",
            "workshop's 'plain' is normalise = False: leave out the name, or the normalise",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said_as_of_every_other(method, key, sentence):
    assert refused(**method) == [(key, sentence)]


@pytest.fixture(scope="module")
def schema():
    """The validator of scenario files, as an editor has it."""
    jsonschema.Draft202012Validator.check_schema(scenario_schema())
    return jsonschema.Draft202012Validator(scenario_schema())


@pytest.mark.parametrize(
    ("method", "valid"),
    [
        ({"name": "half_rloo", "divisor": 4.0, "kl": {"coef": 0.1}}, True),
        ({"name": "half_rloo", "divisor": {"values": [1.0, 2.0]}, "label": "mine"}, True),
        ({"name": "half_rloo", "dialect": "paper"}, True),
        ({"name": "half_rlo"}, False),
        ({"name": "half_rloo", "divisr": 4.0}, False),
        ({"name": "half_rloo", "divisor": -1.0}, False),
        ({"dialect": "workshop"}, True),
        ({"dialect": "workshop", "name": "wide", "clip_range": {"range": [0.1, 0.3], "num": 3}}, True),
        ({"dialect": "workshp"}, False),
        ({"dialect": "workshop", "name": "wid"}, False),
        ({"dialect": "workshop", "clip_rnge": 1.0}, False),
        ({"clip_range": 0.3}, False),
    ],
)
def test_the_schema_knows_it(schema, method, valid):
    assert schema.is_valid(tables(method=method, optimizer=ADAM)) == valid


def test_the_schema_says_what_it_is():
    definitions = scenario_schema()["$defs"]
    assert definitions["HalfRLOO"]["description"].startswith("The advantages of RLOO")
    assert definitions["Workshop"]["description"].startswith("A trainer that was written this morning.")


def test_its_name_is_given_once():
    for family, member in ((sim.METHODS, HalfRLOO), (sim.DIALECTS, Workshop)):
        another = type(f"Another{member.__name__}", (member,), {"__doc__": "Another of this name."})
        with pytest.raises(ValueError, match=member.__name__):
            family.add(another)
        assert family.add(member) is member  # as a notebook's cell does that is run again


# The contracts


def cases(module):
    """(contract, arguments) of every test of a module that is made for one part after the other."""
    for function in vars(module).values():
        marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
        if inspect.isfunction(function) and len(marks) == 1:
            for value in marks[0].args[1]:
                given = getattr(value, "values", value)
                yield function, given if isinstance(given, tuple) else (given,)


@pytest.fixture(scope="module")
def collected(a_method, a_dialect):
    """The contract tests as they would be collected now, for the new parts: (contract, arguments)."""
    found = importlib.util.spec_from_file_location("contracts_once_more", contracts.__file__)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    new = {a_method, a_dialect}
    return [
        (contract, arguments)
        for contract, arguments in cases(module)
        if new & {each for each in arguments if isinstance(each, str)}
        or any(isinstance(each, HalfRLOO | Workshop) for each in arguments)
    ]


def test_the_contracts_are_put_to_it_without_being_told(collected):
    named = {contract.__name__ for contract, arguments in collected if "half_rloo" in arguments}
    assert named >= {
        "test_a_part_is_a_pytree_whose_structure_can_be_hashed",
        "test_a_part_survives_being_taken_apart",
        "test_every_leaf_of_a_part_is_a_number_or_an_array",
        "test_the_docstring_begins_with_a_sentence",
        "test_a_part_knows_its_own_name",
        "test_a_method_fits_into_the_loop",
        "test_a_method_is_a_point_of_the_product",
    }
    pushed = [type(arguments[0]) for contract, arguments in collected if "push_is_the_gradient" in contract.__name__]
    assert HalfRLOO in pushed and Workshop in pushed
    assert "test_a_part_is_a_pytree_whose_structure_can_be_hashed" in {
        contract.__name__ for contract, arguments in collected if arguments == ("dialect", "workshop")
    }


def test_it_keeps_to_all_of_them(collected):
    for contract, arguments in collected:
        contract(*arguments)


@pytest.mark.parametrize(
    ("wrong", "contract"),
    [
        ({"__doc__": "no sentence"}, "test_the_docstring_begins_with_a_sentence"),
        ({"surrogate": lambda self: None}, "test_a_method_is_a_point_of_the_product"),
    ],
)
def test_the_contracts_notice_what_is_wrong_with_it(collected, monkeypatch, wrong, contract):
    for name, value in wrong.items():
        monkeypatch.setattr(HalfRLOO, name, value)
    ((broken, arguments),) = [case for case in collected if case[0].__name__ == contract and "half_rloo" in case[1]]
    with pytest.raises(AssertionError):
        broken(*arguments)


def test_it_trains_as_it_is_written_down():
    # one completion of each of two arms: A = (1, −1), each pushed with A / divisor; π = ½ drops out of the sum
    (point,) = sim.load(
        tables(
            environment={"kind": "bandit", "rewards": [[1.0, 0.0]]},
            method={"name": "half_rloo"},
            optimizer={"name": "sgd", "learning_rate": 1.0},
            training={"num_rollouts": 1, "group_size": 2},
            rollouts={"kind": "fixed", "completions": [[[0], [1]]]},
            record={"probes": ["update"]},
            headline="update/norm",
        )
    ).points
    trace = jax.jit(sim.simulate)(point.experiment, jax.random.key(0))
    np.testing.assert_allclose(trace.params["logits"], [[0.5, -0.5]], rtol=1e-15)


def test_afterwards_it_is_gone():
    """The families are those of everybody: what a test adds it takes away."""
    for family, member in ((sim.METHODS, HalfRLOO), (sim.DIALECTS, Workshop)):
        once = registered(type(family)(family.noun, family.tag, []), member)
        assert next(once) in ("half_rloo", "workshop")
        assert next(once, None) is None
