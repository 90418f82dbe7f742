"""What is known of the states without optax is what optax builds."""

from dataclasses import fields

import jax.numpy as jnp
import pytest

import simulator as sim
from simulator import remedies
from simulator.optimizers.base import Settings
from simulator.optimizers.optax_facts import OPTAX
from simulator.optimizers.registry import NOT_DRIVEN, SETTINGS
from simulator.optimizers.signatures import of_optax
from tests.optimizers.test_catalog import optimizer_table

NO_COUNT = {name for name, facts in OPTAX.items() if not facts.count}
NO_MOMENT = {name for name, facts in OPTAX.items() if facts.moment is False}
WITH_MOMENTUM = {name for name, facts in OPTAX.items() if facts.moment == "momentum"}
DRIVEN = [name for name in of_optax() if name not in NOT_DRIVEN]


def state_of(name, **keywords):
    table = {key: value for key, value in optimizer_table(name, 0.1).items() if key != "name"}
    return sim.optimizer(name, **table | keywords).build().init({"logits": jnp.ones((2, 3))})


def without(look, names):
    def lacks(name):
        try:
            look(state_of(name))
        except ValueError:
            return True
        return False

    return {name for name in names if lacks(name)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key")
def test_those_without_a_first_moment_are_listed():
    assert without(remedies.reset_first_moments, DRIVEN) == {*NO_MOMENT, *WITH_MOMENTUM}
    for name in WITH_MOMENTUM:
        remedies.reset_first_moments(state_of(name, momentum=0.9))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key")
def test_those_without_a_count_are_listed():
    assert without(remedies.reset_counts, DRIVEN) == set(NO_COUNT)


@pytest.mark.parametrize(
    ("changes", "key", "sentence"),
    [
        ({"name": "sgd", "state": "reset_first_moment"}, "state", "sgd has no first moment"),
        ({"name": "sign_sgd", "remedies": [{"kind": "mask_momentum"}]}, "remedies[0].kind", "no first moment"),
        ({"name": "galore", "remedies": [{"kind": "brake"}, {"kind": "mask_momentum"}]}, "remedies[1].kind", "masked"),
        ({"name": "lars", "state": "reset_count"}, "state", "no count of its own"),
    ],
)
def test_what_a_state_does_not_hold_is_refused_before_anything_runs(changes, key, sentence):
    with pytest.raises(sim.ScenarioError) as refused:
        sim.optimizer(changes["name"], learning_rate=0.1, **{k: v for k, v in changes.items() if k != "name"})
    assert [problem for problem in refused.value.problems if problem[0] == key and sentence in problem[1]]


def test_momentum_makes_it_possible():
    made = sim.optimizer("sgd", learning_rate=0.1, momentum=0.9, state="reset_first_moment")
    assert made.state == "reset_first_moment"


def test_every_optimizer_of_optax_has_a_record_and_no_other():
    assert set(OPTAX) == set(of_optax())


def test_the_keys_of_any_table_are_those_of_the_settings():
    assert tuple(field.name for field in fields(Settings)) == SETTINGS
