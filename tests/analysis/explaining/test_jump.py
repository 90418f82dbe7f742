"""A scale that jumps: how large the largest update after it is."""

import pytest

from tests.analysis.explaining.frames import told

JUMP = {
    "kind": "bandit",
    "rewards": [[1.0, 0.0]],
    "reward_scale": {"kind": "jump", "at": 2, "before": 1.0, "after": 5.0},
}


def jumped(*sizes, seed=0):
    """Rollouts of one update; the scale jumps after the second."""
    return [{"seed": seed, "rollout": rollout, "update/norm": size} for rollout, size in enumerate(sizes)]


def found(rows, **more):
    return told("jump_reaches_updates", rows, **({"environment": JUMP, "training": {"num_rollouts": 5}} | more))


def test_the_largest_update_after_a_jump_is_in_units_of_the_last_before_it():
    (told_of,) = found(jumped(0.9, 2.0, 2.4, 3.0, 2.8))
    # 3.0 / 2.0; the closed form has another number for these made ones, and is not shown beside it
    assert "jumps by a factor of 5, and the largest update after that is 1.5 times" in told_of.says
    assert "closed form" not in told_of.says and told_of.looked_at["jump_peak"] == pytest.approx(1.5)


def adams_updates(gradients, b1=0.9, b2=0.999):
    """Adam, update by update, as its paper has it."""
    m = v = 0.0
    for count, gradient in enumerate(gradients, start=1):
        m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
        yield m / (1 - b1**count) / (v / (1 - b2**count)) ** 0.5


def test_where_the_closed_form_agrees_it_stands_beside():
    world = JUMP | {"reward_scale": {"kind": "jump", "at": 60, "before": 1.0, "after": 5.0}}
    sizes = [*adams_updates([1.0] * 60 + [5.0] * 40)]
    (told_of,) = found(jumped(*sizes), environment=world, training={"num_rollouts": 100})
    assert "The closed form for a gradient that is else constant has" in told_of.says
    assert told_of.looked_at["closed form"] == pytest.approx(max(sizes), rel=1e-9)


def test_a_cold_second_moment_follows_at_once():
    # after two updates of 1, one of 5: m = 0.671/0.271, v = 0.026997/0.002997, and m/√v = 0.825
    sizes = [*adams_updates([1.0, 1.0, 5.0, 5.0, 5.0])]
    assert sizes[2] == pytest.approx(0.825, abs=5e-4) and not found(jumped(*sizes))


def test_an_update_that_grows_by_less_than_a_twentieth_is_not_spoken_of():
    assert found(jumped(2.0, 2.0, 2.1, 2.0, 2.0))
    assert not found(jumped(2.0, 2.0, 2.09, 2.0, 2.0))


def test_every_seed_has_to_show_it():
    assert not found(jumped(2.0, 2.0, 3.0, 2.0, 2.0) + jumped(2.0, 2.0, 2.0, 2.0, 2.0, seed=1))


def test_a_constant_scale_and_another_optimizer_are_not_spoken_of():
    constant = JUMP | {"reward_scale": 5.0}
    assert not found(jumped(2.0, 2.0, 3.0, 2.0, 2.0), environment=constant)
    assert not found(jumped(2.0, 2.0, 3.0, 2.0, 2.0), optimizer={"name": "sgd", "momentum": None})
