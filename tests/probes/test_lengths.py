"""Lengths of completions that are counted by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator import exact
from simulator.environments.length_trap import LengthTrap
from simulator.policies.tabular import Tabular
from simulator.probes.lengths import length
from tests.probes.steps import step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")

MASK = [[[1, 1, 1], [1, 0, 0]], [[1, 1, 0], [1, 1, 0]]]


def test_the_mean_counts_every_token_chosen_or_not():
    step = step_of(np.ones((2, 2, 3)), mask=MASK, chosen=[[[1, 0, 0], [1, 0, 0]], [[1, 1, 0], [1, 1, 0]]])
    assert float(length(step)["length/mean"]) == pytest.approx((3 + 1 + 2 + 2) / 4)


def test_the_expected_length_is_over_all_completions():
    # first token 0 with probability .9, right with .8 after it and .3 after token 1: short if right after 0, if wrong
    # after 1
    world = LengthTrap(short=2, long=6)
    table = np.zeros((world.num_states, 2))
    table[:3] = np.log([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    step = step_of(
        np.ones((1, 2, 6)),
        policy=Tabular(),
        params={"logits": jnp.asarray(table)},
        listed=exact.list_completions(world),
    )
    short = 0.9 * 0.8 + 0.1 * 0.7
    assert float(length(step)["length/exact"]) == pytest.approx(2 * short + 6 * (1 - short), rel=1e-14)


def test_completions_of_one_token_have_no_lengths_to_speak_of():
    assert length(step_of(np.ones((2, 2, 1)))) == {}


def test_the_expected_length_is_absent_where_completions_cannot_be_listed():
    assert set(length(step_of(np.ones((2, 2, 3)), mask=MASK))) == {"length/mean"}
