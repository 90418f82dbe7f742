"""Norms and angles of vectors that can be checked in the head."""

import jax.numpy as jnp
import numpy as np
import pytest

from simulator.probes.gradients import update
from tests.probes.steps import step_of

pytestmark = pytest.mark.usefixtures("strict_promotion")


def measured(grads, updates, start=(0.0, 0.0), params=(0.0, 0.0), **others):
    """The probe on a parameter tree of two leaves."""

    def tree(values):
        return {"a": jnp.array(values[:1]), "b": {"c": jnp.array(values[1:])}}

    step = step_of(
        [[[1.0]]], grads=tree(grads), updates=tree(updates), start_params=tree(start), params=tree(params), **others
    )
    return {name: float(value) for name, value in update(step).items()}


def test_norms_are_over_all_leaves():
    found = measured(grads=(3.0, 4.0), updates=(0.6, -0.8))
    assert found["grad/norm"] == pytest.approx(5.0) and found["update/norm"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("updates", "cosine"),
    [((3.0, 4.0), 1.0), ((-0.3, -0.4), -1.0), ((4.0, -3.0), 0.0), ((1.0, 0.0), 0.6)],
)
def test_the_cosine_is_one_for_plain_ascent(updates, cosine):
    assert measured(grads=(3.0, 4.0), updates=updates)["update/cos_grad"] == pytest.approx(cosine, abs=1e-15)


@pytest.mark.parametrize(("grads", "updates"), [((0.0, 0.0), (1.0, 1.0)), ((1.0, 1.0), (0.0, 0.0))])
def test_the_cosine_with_nothing_is_undefined(grads, updates):
    assert np.isnan(measured(grads=grads, updates=updates)["update/cos_grad"])


def test_the_displacement_is_the_way_from_the_start():
    found = measured(grads=(1.0, 0.0), updates=(1.0, 0.0), start=(1.0, 1.0), params=(7.0, 9.0))
    assert found["update/displacement"] == pytest.approx(10.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_run_has_diverged_when_one_number_is_not_finite(value):
    assert measured(grads=(1.0, 0.0), updates=(1.0, 0.0), params=(0.0, value))["diverged"] == 1
    assert measured(grads=(1.0, 0.0), updates=(1.0, 0.0))["diverged"] == 0


def test_the_objective_is_the_surrogates_before_the_update():
    # (1/B) Σ_i (1/L_i) Σ_t min(ρ A, clamp(ρ) A): completions of one token, ρ = 1.1 and 1.5, A = 2 and −1
    step = step_of([[[9.0], [9.0]]], [[2.0, -1.0]], before=[[[1.1], [1.5]]])
    assert float(update(step)["objective"]) == pytest.approx((1.1 * 2 - 1.5) / 2, rel=1e-14)
