"""What is left of updates without a gradient, on frames made by hand."""

import numpy as np
import pytest

from analysis.claims import cases
from analysis.quantities.residuals import braking_distance, first_residual, residual_update
from analysis.summary import summarize
from tests.analysis.made import full_claim, made_run

ONE_ROW = {"kind": "bandit", "rewards": [[1.0, 0.0, 0.0, 0.0]]}
TWO_ROWS = {"kind": "bandit", "rewards": [[1.0, 0.0], [0.0, 1.0]]}
MOMENTUM = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}


def each_rollout(epochs, minibatches=1):
    return {"epochs": epochs, "minibatches": minibatches, "group_size": 4, "precision": "float64"}


def updates(grads, sizes, epochs=1, point=0, seed=0):
    """Updates one after the other, so many a rollout."""
    for index, (grad, size) in enumerate(zip(grads, sizes, strict=True)):
        when = {"rollout": index // epochs, "update": index % epochs + 1}
        yield {"point": point, "seed": seed, **when, "grad/norm": grad, "update/norm": size}


def residuals_of(grads, sizes, epochs=1, **experiment):
    """n, j and the measured sizes of one seed's residuals."""
    run = made_run(list(updates(grads, sizes, epochs)), training=each_rollout(epochs), **experiment)
    return residual_update(run)[["n", "j", "measured"]].to_numpy().tolist()


def test_within_a_rollout_sizes_are_in_units_of_the_last_update_with_a_gradient():
    assert residuals_of([3.0, 1.0, 0.0, 0.0], [8.0, 4.0, 2.0, 1.0], epochs=4) == [[2, 1, 0.5], [2, 2, 0.25]]


def test_a_gradient_that_ends_for_good_is_counted_over_the_rollouts_after_it():
    # one update a rollout: four with a gradient, three without
    found = residuals_of([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0], [9.0, 7.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    assert found == [[4, 1, 0.75], [4, 2, 0.5], [4, 3, 0.25]]


def test_a_group_without_signal_in_between_has_residuals_and_counts_as_an_update():
    found = residuals_of([1.0, 1.0, 0.0, 1.0, 0.0, 0.0], [5.0, 4.0, 2.0, 8.0, 6.0, 2.0])
    assert found == [[2, 1, 0.5], [4, 1, 0.75], [4, 2, 0.25]]


def test_a_rollout_that_begins_without_a_gradient_goes_on_from_the_one_before():
    found = residuals_of([1.0, 0.0, 0.0, 1.0], [4.0, 2.0, 1.0, 9.0], epochs=2)
    assert found == [[1, 1, 0.5], [1, 2, 0.25]]


def test_points_with_other_updates_a_rollout_and_seeds_are_counted_each_on_its_own():
    points = [{"a": "two", "experiment": {"training": each_rollout(1, minibatches=2)}},
              {"a": "three", "experiment": {"training": each_rollout(3)}}]  # fmt: skip
    rows = [
        *updates([1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 4.0, 1.0], epochs=2, point=0, seed=0),
        *updates([1.0, 0.0, 0.0, 0.0], [2.0, 1.0, 1.0, 1.0], epochs=2, point=0, seed=1),
        *updates([1.0, 1.0, 1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 8.0, 4.0, 2.0], epochs=3, point=1, seed=0),
        *updates([1.0, 1.0, 1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0, 5.0, 1.0], epochs=3, point=1, seed=1),
    ]
    found = residual_update(made_run(rows[::-1], points=points))  # whatever order they were written in
    assert found[["point", "seed", "rollout", "n", "j", "measured"]].to_numpy().tolist() == [
        [0, 0, 1, 3, 1, 0.25],
        [0, 1, 0, 1, 1, 0.5], [0, 1, 1, 1, 2, 0.5], [0, 1, 1, 1, 3, 0.5],
        [1, 0, 1, 4, 1, 0.5], [1, 0, 1, 4, 2, 0.25],
        [1, 1, 1, 5, 1, 0.2],
    ]  # fmt: skip


def test_a_point_whose_gradient_never_ends_has_no_rows():
    rows = [*updates([1.0, 1.0], [4.0, 4.0], point=0), *updates([1.0, 0.0], [4.0, 1.0], point=1)]
    run = made_run(rows, points=[{"a": "on"}, {"a": "off"}])
    assert residual_update(run)["point"].tolist() == [1]
    assert braking_distance(run)["point"].tolist() == [1]


def test_a_run_that_never_had_a_gradient_has_no_rows():
    run = made_run(list(updates([0.0, 0.0], [0.0, 0.0])))
    assert residual_update(run).empty and first_residual(run).empty and braking_distance(run).empty


def test_a_seed_without_any_gradient_does_not_borrow_its_neighbours():
    rows = [row for seed, grad in ((0, 0.0), (1, 1.0), (2, 0.0)) for row in updates([grad, 0.0], [4.0, 1.0], seed=seed)]
    assert residual_update(made_run(rows))[["seed", "measured"]].to_numpy().tolist() == [[1, 0.25]]


def test_a_run_that_diverged_did_not_stop():
    nan = float("nan")
    run = made_run(list(updates([1.0, nan, nan], [4.0, nan, nan])))
    assert residual_update(run).empty and braking_distance(run).empty
    run = made_run(list(updates([1.0, 0.0, 0.0], [4.0, 2.0, nan])))
    assert np.isnan(braking_distance(run)["measured"]).tolist() == [True]


def test_a_last_update_of_nothing_measures_nothing():
    run = made_run(list(updates([1.0, 0.0, 0.0], [0.0, 0.0, 0.0])))
    assert np.isnan(residual_update(run)["measured"]).all()
    assert np.isnan(braking_distance(run)["measured"]).all()


def test_the_first_residual_of_each_stretch_without_a_gradient():
    run = made_run(list(updates([1.0, 0.0, 0.0, 1.0, 0.0], [4.0, 2.0, 1.0, 8.0, 2.0])))
    assert first_residual(run)[["point", "seed", "measured"]].to_numpy().tolist() == [[0, 0, 0.5], [0, 0, 0.25]]


def test_the_braking_distance_sums_what_comes_after_the_last_gradient():
    rows = [
        *updates([1.0, 0.0, 1.0, 0.0, 0.0], [4.0, 2.0, 8.0, 4.0, 2.0], seed=0),
        *updates([1.0, 1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 5.0, 1.0], seed=1),
        *updates([1.0, 0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 5.0, 1.0], seed=2),  # which came back: no last one yet
    ]
    found = braking_distance(made_run(rows))
    assert found[["seed", "measured"]].to_numpy().tolist() == [[0, 0.75], [1, 0.2]]


def test_momentum_has_its_closed_form_in_a_table_with_one_row():
    run = made_run(list(updates([2.0, 0.0, 0.0], [4.0, 2.0, 1.0])), environment=ONE_ROW, optimizer=MOMENTUM)
    np.testing.assert_allclose(residual_update(run)["closed_form"], [0.9, 0.81])


def test_a_closed_form_knows_the_gradients_size_in_each_coordinate():
    # ‖g‖ = 2 over four logits: 1 each, as large as eps. After one update, with b1 = 0.9 and b2 = 0.999:
    # m̂ = 0.9/1.9 and √v̂ = √(0.999/1.999), so 0.473684/(0.706930 + 1) over 1/(1 + 1)
    optimizer = {"name": "adam", "b1": 0.9, "b2": 0.999, "eps": 1.0, "eps_root": 0.0, "nesterov": False}
    run = made_run(list(updates([2.0, 0.0], [4.0, 2.0])), environment=ONE_ROW, optimizer=optimizer)
    assert residual_update(run)["closed_form"].tolist() == [pytest.approx(0.555013, abs=1e-6)]


@pytest.mark.parametrize(
    "other",
    [
        {"environment": TWO_ROWS},
        {"environment": {"kind": "token_tree", "vocab_size": 4}},
        {"policy": {"kind": "mlp", "start": "zeros", "bias": None, "initial_logits": None}},
        {"optimizer": {"name": "mine", "b1": 0.9}},
    ],
    ids=["two rows", "no rows", "no table", "no closed form"],
)
def test_elsewhere_there_is_no_closed_form(other):
    rows = list(updates([2.0, 0.0], [4.0, 2.0]))
    found = residual_update(made_run(rows, **{"environment": ONE_ROW, "optimizer": MOMENTUM} | other))
    assert found["measured"].tolist() == [0.5] and np.isnan(found["closed_form"]).all()


def test_each_point_has_the_closed_form_of_its_own_optimizer():
    half = MOMENTUM | {"momentum": 0.5}
    points = [{"optimizer": "a", "experiment": {"optimizer": MOMENTUM}},
              {"optimizer": "b", "experiment": {"optimizer": half}},
              {"optimizer": "c", "experiment": {"optimizer": MOMENTUM, "environment": TWO_ROWS}}]  # fmt: skip
    rows = [row for point in range(3) for row in updates([1.0, 0.0, 0.0], [1.0, 1.0, 1.0], point=point)]
    found = residual_update(made_run(rows, points=points))["closed_form"]
    np.testing.assert_allclose(found, [0.9, 0.81, 0.5, 0.25, np.nan, np.nan])


def test_a_claim_is_put_to_the_points_with_a_closed_form_alone():
    points = [{"optimizer": "a", "experiment": {"optimizer": MOMENTUM}},
              {"optimizer": "b", "experiment": {"optimizer": {"name": "mine"}}}]  # fmt: skip
    rows = [row for point in range(2) for row in updates([1.0, 0.0], [1.0, 0.8], point=point)]
    claim = full_claim({"metric": "residual_update", "predicted": "optimizer_residual"})
    found = cases(made_run(rows, points=points), claim)
    assert found[["point", "n", "j", "measured"]].to_numpy().tolist() == [[0, 1, 1, 0.8]]
    assert found["predicted"].tolist() == [pytest.approx(0.9)]


def test_residuals_can_be_columns_with_intervals_over_seeds():
    rows = [
        row | {"ratio/max": 1.0}
        for seed, size in ((0, 2.0), (1, 4.0))
        for row in updates([1.0, 0.0, 0.0], [4.0, size, 1.0], seed=seed)
    ]
    run = made_run(rows, headline="braking_distance", columns=["first_residual", "ratio/max"])
    (row,) = summarize(run).to_dict("records")
    # distances 3/4 and 5/4, first residuals 1/2 and 1; t(0.975, 1) = 12.7062 times s/√2, half the difference
    assert (row["braking_distance"], row["first_residual"]) == (1.0, 0.75)
    assert row["braking_distance:high"] - 1.0 == pytest.approx(12.7062 * 0.25, rel=1e-5)
    assert 0.75 - row["first_residual:low"] == pytest.approx(12.7062 * 0.25, rel=1e-5)


def test_a_column_that_no_seed_has_is_undefined_in_the_summary():
    run = made_run(list(updates([1.0, 1.0], [4.0, 4.0])), headline="braking_distance")
    assert np.isnan(summarize(run)["braking_distance"]).tolist() == [True]
