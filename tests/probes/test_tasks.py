"""Shares of two tasks, on completions of one token whose gradients have no token in common."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from simulator import exact
from simulator.environments.bandit import Bandit
from simulator.policies.tabular import Tabular
from simulator.probes.tasks import tasks
from tests.probes.steps import step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")

# three prompts of two completions: the first prompt is one task, the others are the second
WORLD = SimpleNamespace(task_names=("sums", "proofs"), prompt_tasks=lambda: np.array([0, 1, 1]))
ADVANTAGES = [[3.0, -3.0], [1.0, -1.0], [0.0, 0.0]]
REWARDS = [[6.0, 0.0], [2.0, 0.0], [5.0, 5.0]]


def measured(advantages=ADVANTAGES, **others):
    step = step_of(np.ones((3, 2, 1)), advantages, rewards=REWARDS, environment=WORLD, **others)
    return {name: float(value) for name, value in tasks(step).items()}


def test_rewards_and_advantages_are_means_over_each_tasks_completions():
    found = measured()
    assert (found["task/sums/reward"], found["task/proofs/reward"]) == (3.0, 3.0)
    assert (found["task/sums/advantage"], found["task/proofs/advantage"]) == (3.0, 0.5)


def test_the_gradients_share_is_of_the_sum_of_norms():
    # each completion pushes a row of its own with A/6: norms 3√2/6 and √2/6
    found = measured()
    assert found["task/sums/grad_share"] == pytest.approx(3 / 4)
    assert found["task/proofs/grad_share"] == pytest.approx(1 / 4)


def test_the_updates_share_is_what_each_gradient_gains_by_it():
    # along the whole gradient the gains are the squares of the norms: 9 to 1
    found = measured()
    assert found["task/sums/update_share"] == pytest.approx(0.9)
    assert found["task/proofs/update_share"] == pytest.approx(0.1)
    # an update that serves the second task at the expense of the first has shares below 0 and above 1
    against = step_of(np.ones((3, 2, 1)), [[-1.0, 1.0], [6.0, -6.0], [0.0, 0.0]]).grads
    found = measured(updates=against)
    assert found["task/sums/update_share"] == pytest.approx(-1.0)  # ⟨(3, −3), (−1, 1)⟩ = −6 of −6 + 12
    assert found["task/proofs/update_share"] == pytest.approx(2.0)


def test_without_a_gradient_there_are_no_shares():
    found = measured(advantages=np.zeros((3, 2)))
    assert all(np.isnan(value) for name, value in found.items() if name.endswith("_share"))


def test_the_return_of_a_task_is_the_mean_over_its_prompts():
    bandit = Bandit(rewards=np.array([[1.0, 0.0], [0.0, 4.0], [8.0, 0.0]]))
    found = measured(policy=Tabular(), params={"logits": jnp.zeros((3, 2))}, listed=exact.list_completions(bandit))
    assert (found["task/sums/return"], found["task/proofs/return"]) == pytest.approx((0.5, 3.0))


def test_a_world_without_tasks_has_none_of_it():
    assert tasks(step_of(np.ones((3, 2, 1)), environment=Bandit(rewards=np.ones((3, 2))))) == {}
