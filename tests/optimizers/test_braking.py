"""Optimizers in front of the brake: what is measured is what can be worked out by hand."""

import math

import numpy as np
import optax
import pytest

import simulator.optimizers.braking as braking
from simulator import ScenarioError
from simulator.optimizers.braking import Stop
from simulator.optimizers.registry import NOT_DRIVEN, OPTIMIZERS

SHORT = {"updates": 12, "horizon": 40}


def stop(*sizes):
    return Stop(np.array(sizes), np.array(sizes))


def test_adam_coasts_as_its_closed_form_says():
    # β1^j (1−β1^n)/(1−β1^{n+j}) · √((1−β2^{n+j})/(β2^j (1−β2^n))), n = 4, (0.9, 0.999): .845 .728 .636 .561 .498
    found = braking.brake("adam", **SHORT).stops
    np.testing.assert_allclose(found["cold", "constant"].sizes[:5], [0.845, 0.728, 0.636, 0.561, 0.498], atol=5e-4)
    n, j, b1, b2 = 12, np.arange(1, 41), 0.9, 0.999
    residual = b1**j * (1 - b1**n) / (1 - b1 ** (n + j)) * np.sqrt((1 - b2 ** (n + j)) / (b2**j * (1 - b2**n)))
    np.testing.assert_allclose(found["steady", "constant"].sizes, residual, rtol=1e-6)
    # each coordinate decays alike, whatever its gradients were
    np.testing.assert_allclose(found["steady", "noisy"].sizes, residual, rtol=1e-4)


def test_heavy_ball_momentum_coasts_for_nine_updates():
    found = braking.brake("sgd", momentum=0.9, updates=12).stops["steady", "constant"]
    assert found.behaviour == "coasts"
    assert found.distance == pytest.approx(9.0, rel=1e-8)  # 0.9/(1 − 0.9), less 0.9^200
    assert found.net == pytest.approx(9.0, rel=1e-8)
    assert found.half_life == pytest.approx(math.log(0.5) / math.log(0.9))


def test_sgd_stops_at_once_and_follows_the_scale():
    found = braking.brake("sgd", **SHORT)
    assert {one.behaviour for one in found.stops.values()} == {"stops at once"}
    assert {one.distance for one in found.stops.values()} == {0.0}
    assert found.stops["cold", "constant"].half_life == 0.0
    np.testing.assert_allclose(found.elasticity("last"), 1.0, rtol=1e-12)
    assert not found.reads_value


@pytest.mark.parametrize(("name", "tolerance"), [("lion", 1e-12), ("signum", 1e-12), ("muon", 1e-3)])
def test_what_normalises_its_momentum_does_not_stop(name, tolerance):
    found = braking.brake(name, **SHORT)
    for one in found.stops.values():
        np.testing.assert_allclose(one.sizes, 1.0, atol=0.05 if name == "muon" else tolerance)
        assert (one.behaviour, one.distance, one.half_life) == ("does not stop", math.inf, math.inf)
    np.testing.assert_allclose(found.stops["steady", "constant"].sizes, 1.0, atol=tolerance)
    np.testing.assert_allclose(found.elasticity("last"), 0.0, atol=1e-5)


def test_an_update_against_the_last_one_is_a_distance_and_a_step_back():
    # u = 2 g_t − g_{t−1}: g, g, …, then −g once
    found = braking.brake("optimistic_gradient_descent", **SHORT).stops["steady", "constant"]
    assert (found.distance, found.net) == pytest.approx((1.0, -1.0))


def test_polyaks_step_is_capped_where_the_gradient_is_small():
    # min(1, c/(c² · 128)) · c g: proportional to c below c = 1/128, g/128 above
    found = braking.brake("polyak_sgd", **SHORT)
    between = np.sqrt(braking.SCALES[1:] * braking.SCALES[:-1])
    assert found.reads_value
    np.testing.assert_allclose(found.elasticity("first")[between < 1 / 200], 1.0, atol=1e-9)
    np.testing.assert_allclose(found.elasticity("first")[between > 1 / 80], 0.0, atol=1e-9)


def test_an_optimizer_of_ones_own_is_measured():
    # u_{n+j} = 0.5^j u_n: 0.5 + 0.25 + … = 1
    found = braking.brake(optax.chain(optax.trace(0.5), optax.scale(-0.1)), **SHORT)
    assert found.stops["steady", "constant"].distance == pytest.approx(1.0)
    assert found.keywords == {}


def test_weight_decay_counts_only_where_it_is_asked_for():
    # where its first moment has died out, Adam with decay 0.1 moves by 0.1 ‖θ‖, in units of ‖±1‖
    plain, asked = (braking.brake("adamw", updates=12, horizon=80, **extra) for extra in ({}, {"weight_decay": 0.1}))
    assert plain.keywords["weight_decay"] == 0.0
    assert plain.stops["steady", "constant"].behaviour == "coasts"
    assert asked.stops["steady", "constant"].behaviour == "does not stop"
    size = np.linalg.norm(braking.PARAMS) / np.linalg.norm(np.ones(braking.SHAPE))
    last = asked.stops["steady", "constant"].sizes[-1]
    assert last == pytest.approx(0.1 * size, rel=0.1)


def test_numbers_are_leaves():
    braking.brake("sgd", momentum=0.9, **SHORT)
    compiled = braking._drives._cache_size()
    assert braking.brake("sgd", momentum=0.5, **SHORT).stops["cold", "constant"].sizes[0] == pytest.approx(0.5)
    assert braking._drives._cache_size() == compiled


def test_rows_are_what_a_table_needs():
    rows = braking.brake("sgd", **SHORT).rows()
    assert [(row["start"], row["gradients"], row["updates"]) for row in rows] == [
        ("steady", "constant", 12), ("cold", "constant", 4), ("steady", "noisy", 12), ("cold", "noisy", 4),
    ]  # fmt: skip
    assert [row["elasticity_first"] for row in rows] == pytest.approx([1.0] * 4)


def test_every_catalogued_optimizer_is_in_the_result(monkeypatch):
    def breaks(name, **settings):
        raise RuntimeError(f"{name} broke\nat length")

    monkeypatch.setattr(braking, "brake", breaks)
    found = dict(braking.brake_all())
    assert list(found) == list(OPTIMIZERS)
    assert {name: found[name] for name in NOT_DRIVEN} == dict(NOT_DRIVEN)
    assert found["adam"] == "RuntimeError: adam broke"


def test_every_optimizer_can_be_built_from_what_it_is_measured_with():
    for name in set(OPTIMIZERS) - set(NOT_DRIVEN):
        braking.optimizer(name, **braking.measured_with(name))


def test_an_unknown_name_is_refused():
    with pytest.raises(ScenarioError, match="did you mean 'adam'"):
        braking.brake("adm")


def test_a_half_life_lies_between_updates():
    assert stop(0.8, 0.4).half_life == pytest.approx(1 + math.log(1.6) / math.log(2))  # 0.8 · 2^{−x} = 0.5
    assert stop(1.0, 0.0).half_life == 1.0
    assert stop(0.25).half_life == 0.5
    assert stop(2.0, 0.9).half_life == math.inf
    assert math.isnan(stop(1.0, math.nan).half_life)


@pytest.mark.parametrize(
    ("sizes", "behaviour", "whole"),
    [
        (np.zeros(40), "stops at once", True),
        (np.full(40, 1e-6), "stops at once", True),  # 4e-5 in all
        (0.9 ** np.arange(1, 41), "coasts", False),  # 0.9^39 = 0.016
        (0.8 ** np.arange(1, 41), "coasts", True),
        (0.5 + 0.5 ** np.arange(1, 41), "does not stop", False),
        (1.01 ** np.arange(1, 41), "does not stop", False),
        (np.where(np.arange(40) < 3, 1.0, np.nan), "not finite", False),
    ],
)
def test_behaviours_tell_apart_what_stops_what_slows_down_and_what_goes_on(sizes, behaviour, whole):
    found = stop(*sizes)
    assert (found.behaviour, found.whole) == (behaviour, whole)
    expected = {"does not stop": math.inf, "not finite": math.nan}.get(behaviour, sizes.sum())
    assert found.distance == pytest.approx(expected, nan_ok=True)
