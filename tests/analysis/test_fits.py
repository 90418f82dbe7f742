"""What a claim fits to a metric, against lines and decays whose numbers are known."""

import numpy as np
import pytest

from analysis.claims import cases, evaluate
from tests.analysis.made import ADAM, full_claim, made_run

RATES = (0.1, 0.2, 0.4)


def rows(value, points=3, seeds=2, rollouts=1, updates=1):
    """One row per update, whose `ratio/max` is value(point, seed, rollout, update)."""
    return [
        {"point": point, "seed": seed, "rollout": rollout, "update": update,
         "ratio/max": value(point, seed, rollout, update), "grad/norm": 1.0, "update/norm": 1.0}
        for point in range(points) for seed in range(seeds) for rollout in range(rollouts)
        for update in range(1, updates + 1)
    ]  # fmt: skip


def fit(measured, points, kind, over, **claim):
    claim = full_claim({"metric": "ratio/max", "predicted": 0.0, "fit": {"kind": kind, "over": over}} | claim)
    return cases(made_run(measured, points=points), claim)


def test_a_slope_over_a_swept_number_is_that_of_the_line():
    points = [{"optimizer.learning_rate": rate} for rate in RATES]
    found = fit(rows(lambda point, seed, *_: 1 + (3 + seed) * RATES[point]), points, "slope", "optimizer.learning_rate")
    assert found["measured"].tolist() == pytest.approx([3.5])  # 3 for seed 0, 4 for seed 1
    assert found["seeds"].tolist() == [2]
    # two slopes, 3 and 4: t(0.975, 1) = 12.706 times 0.7071/√2 = 6.353
    assert found["high"].iloc[0] - 3.5 == pytest.approx(6.353, rel=1e-4)


def test_the_points_that_differ_in_nothing_else_make_one_fit():
    points = [{"optimizer": name, "optimizer.learning_rate": rate} for name in ("adam", "sgd") for rate in RATES]
    measured = rows(lambda point, *_: (1 if point < 3 else 5) * RATES[point % 3], points=6)
    found = fit(measured, points, "slope", "optimizer.learning_rate")
    assert found["point"].tolist() == [0, 3]
    assert found["measured"].tolist() == pytest.approx([1.0, 5.0])


def test_an_elasticity_is_the_exponent_of_a_power():
    points = [{"environment.reward_scale": rate} for rate in RATES]
    found = fit(rows(lambda point, *_: 7 * RATES[point] ** 0.4), points, "elasticity", "environment.reward_scale")
    assert found["measured"].tolist() == pytest.approx([0.4])


def test_a_half_life_is_how_long_a_decay_takes_to_halve():
    found = fit(
        rows(lambda p, s, r, update: 3 * 0.5 ** (update / 4), points=1, updates=20), [{}], "half_life", "update"
    )
    assert found["measured"].tolist() == pytest.approx([4.0])
    growing = fit(rows(lambda p, s, r, update: update, points=1, updates=9), [{}], "half_life", "update")
    assert growing["measured"].tolist() == [np.inf]


def test_a_fit_over_rollouts_takes_what_each_ends_with():
    found = fit(
        rows(lambda p, s, rollout, update: 2.0 * rollout if update == 3 else 99.0, points=1, rollouts=4, updates=3),
        [{}], "slope", "rollout",
    )  # fmt: skip
    assert found["measured"].tolist() == pytest.approx([2.0])


def test_values_without_a_logarithm_are_left_out_and_one_x_makes_no_fit():
    measured = rows(lambda p, s, r, update: 0.0 if update == 3 else 0.5**update, points=1, updates=6)
    assert fit(measured, [{}], "half_life", "update")["measured"].tolist() == pytest.approx([1.0])
    assert fit(rows(lambda *_: 1.0, points=1), [{}], "slope", "update").empty


def test_the_residuals_half_life_is_put_to_its_closed_form():
    # twenty updates with a gradient, then none: each is ρ = 0.9/√0.999 of the one before, and halves in ln 2 / −ln ρ
    rho = 0.9 / np.sqrt(0.999)
    updates = [
        {"point": 0, "seed": 0, "rollout": update - 1, "update": 1, "ratio/max": 1.0,  # one update a rollout
         "grad/norm": float(update <= 20), "update/norm": 0.01 * rho ** max(update - 20, 0)}
        for update in range(1, 41)
    ]  # fmt: skip
    claim = {"metric": "residual_update", "fit": {"kind": "half_life", "over": "j"}, "predicted": "adam_half_life"}
    run = made_run(updates, claims=[claim | {"tolerance": 1e-6}], rollouts={"kind": "fixed"})
    (found,) = evaluate(run)
    assert (found["verdict"], found["predicted"]) == ("holds", pytest.approx(np.log(2) / -np.log(rho)))
    assert found["measured"] == pytest.approx(6.61, abs=0.01)


@pytest.mark.parametrize(("b2", "verdict"), [(0.81, "holds"), (0.999, "fails")])
def test_a_half_life_can_be_infinite_and_predicted_so(b2, verdict):
    # with b1² ≥ b2 Adam's updates do not shrink: these do not, whatever its b2 says
    updates = [
        {"point": 0, "seed": seed, "rollout": 0, "update": update, "ratio/max": 1.0, "grad/norm": float(update <= 5),
         "update/norm": 1.0 + max(update - 5, 0)}
        for seed in range(2) for update in range(1, 16)
    ]  # fmt: skip
    claim = {"metric": "residual_update", "fit": {"kind": "half_life", "over": "j"}, "predicted": "adam_half_life"}
    (found,) = evaluate(made_run(updates, claims=[claim | {"tolerance": 0.1}], optimizer=ADAM | {"b2": b2}))
    assert (found["verdict"], found["measured"]) == (verdict, np.inf)
