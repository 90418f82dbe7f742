"""Reward statistics of two groups, and the return of a policy of two arms."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator import exact
from simulator.environments.bandit import Bandit
from simulator.policies.tabular import Tabular
from simulator.probes.rewards import exact_return, reward
from tests.probes.steps import step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([[1.0, 1.0], [0.0, 2.0]], {"reward/mean": 1.0, "reward/std": np.sqrt(0.5), "group/zero_std": 0.5}),
        ([[1.0, 1.0], [2.0, 2.0]], {"reward/mean": 1.5, "reward/std": 0.5, "group/zero_std": 1.0}),
        ([[1.0, 0.0], [0.0, 1.0]], {"reward/mean": 0.5, "reward/std": 0.5, "group/zero_std": 0.0}),
    ],
)
def test_a_group_of_equal_rewards_has_no_signal(rewards, expected):
    assert reward(step_of(np.ones((2, 2, 1)), rewards=rewards)) == pytest.approx(expected, rel=1e-14)


def test_equal_rewards_are_equal_whatever_their_mean_is_rounded_to():
    found = reward(step_of(np.ones((1, 7, 1)), rewards=np.full((1, 7), 0.1)))
    assert float(found["group/zero_std"]) == 1.0


def test_the_exact_return_is_the_mean_over_prompts_of_the_policys_arms():
    bandit = Bandit(rewards=np.array([[1.0, 0.0], [-1.0, 3.0]]))
    step = step_of(
        np.ones((2, 1, 1)),
        policy=Tabular(),
        params={"logits": jnp.log(jnp.array([[0.8, 0.2], [0.5, 0.5]]))},
        listed=exact.list_completions(bandit),
    )
    assert float(exact_return(step)["return/exact"]) == pytest.approx((0.8 + 1.0) / 2, rel=1e-14)


def test_the_exact_return_is_absent_where_completions_cannot_be_listed():
    assert exact_return(step_of(np.ones((2, 1, 1)))) == {}
