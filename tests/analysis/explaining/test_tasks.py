"""Tasks and prompts whose rewards differ in size."""

import pytest

from tests.analysis.explaining.frames import SURROGATE, seeds, told

TASKS = {"kind": "multi_task", "tasks": [{"name": "a", "scale": 5.0}, {"name": "b", "scale": 1.0}]}
ZSCORE = SURROGATE | {"advantage": {"kind": "group_zscore"}}


def tasks(own, others, rule="tasks_look_alike", surrogate=ZSCORE, environment=TASKS, **more):
    row = {"task/a/advantage": own, "task/b/advantage": others} | more
    return told(rule, seeds(row, {}, {}), surrogate=surrogate, environment=environment)


def test_division_by_the_groups_deviation_makes_tasks_look_alike():
    (found,) = tasks(1.0, 1.25)
    assert "are 5 times as large as another's, its advantages only 0.8 times" in found.says
    assert found.looked_at["quotient of the tasks' scales"] == 5.0
    assert not tasks(1.0, 1.26)


def test_without_that_division_or_with_equal_rewards_nothing_is_said():
    assert not tasks(1.0, 1.0, surrogate=SURROGATE)
    equal = {"kind": "multi_task", "tasks": [{"name": "a", "scale": 1.9}, {"name": "b", "scale": 1.0}]}
    assert not tasks(1.0, 1.0, environment=equal)


SHARES = {"task/a/grad_share": 0.8, "task/a/update_share": 0.95, "task/b/grad_share": 0.2, "task/b/update_share": 0.05}


def test_the_task_with_the_larger_rewards_leads_where_advantages_keep_the_scale():
    (found,) = tasks(2.0, 1.0, "large_task_leads", SURROGATE, **SHARES)
    assert "Task a has the largest rewards and 80 % of the gradient" in found.says and "95 %" in found.says


@pytest.mark.parametrize("changed", [{"task/a/update_share": 0.74}, {"task/a/advantage": 1.9}])
def test_a_smaller_part_or_advantages_that_are_alike_are_no_lead(changed):
    row = {"task/a/advantage": 2.0, "task/b/advantage": 1.0} | SHARES | changed
    assert not told("large_task_leads", seeds(row, {}, {}), surrogate=SURROGATE, environment=TASKS)


def recorded(own, others):
    """The advantages of two prompts at the first update of a rollout."""
    row = dict.fromkeys(("point", "seed", "rollout", "completion", "position", "token", "log_ratio"), 0) | {"update": 1}
    return [row | {"prompt": 0, "advantage": own}, row | {"prompt": 1, "advantage": -others}]


WIDE = {"kind": "bandit", "rewards": [[-1.0, 0.0, 1.0], [-5.0, 0.0, 5.0]]}


def prompts(own, others, surrogate=ZSCORE, environment=WIDE):
    rows = [{"ratio/max": 1.0}]
    return told("prompts_look_alike", rows, ratios=recorded(own, others), surrogate=surrogate, environment=environment)


def test_prompts_with_rewards_of_one_and_five_look_alike():
    (found,) = prompts(1.08, 1.08)
    assert "a range 5 times as wide as another's, its advantages are 1 times as large" in found.says


def test_prompts_that_are_told_apart_or_are_alike_are_not_spoken_of():
    assert not prompts(1.0, 1.26)
    assert not prompts(1.0, 1.0, surrogate=SURROGATE)
    assert not prompts(1.0, 1.0, environment={"kind": "bandit", "rewards": [[0.0, 1.0], [0.0, 1.9]]})
