"""What a reward's scale does to updates, on frames made by hand."""

import numpy as np
import pytest

from analysis.claims import cases
from analysis.quantities.elasticities import local_elasticity, scale_elasticity, scale_spread
from tests.analysis.made import ADAM, full_claim, made_run

SCALE = "environment.reward_scale"
pytestmark = pytest.mark.filterwarnings("error")  # a logarithm of nothing warns


def first(point, size, seed=0, grad=1.0, **more):
    row = {"point": point, "seed": seed, "rollout": 0, "update": 1, "grad/norm": grad, "update/norm": size}
    return row | more


def scales(*values, **more):
    return [{SCALE: value, **more} for value in values]


def of_sizes(sizes, points, **more):
    return made_run([first(point, size) for point, size in enumerate(sizes)], points=points, **more)


def test_the_elasticity_is_the_least_squares_slope_in_logarithms():
    # ln size over ln scale, in units of ln 10: (0, 0), (1, 1), (2, 1), whose slope is 1/2
    (found,) = scale_elasticity(of_sizes([1.0, 10.0, 10.0], scales(1.0, 10.0, 100.0)))["measured"]
    assert found == pytest.approx(0.5)


def test_only_the_very_first_update_counts():
    rows = [first(0, 1.0), first(1, 10.0)]
    later = [first(point, 7.0 ** (3 * point)) | when for point in (0, 1) for when in ({"update": 2}, {"rollout": 1})]
    run = made_run(rows + later, points=scales(1.0, 10.0))
    assert scale_elasticity(run)["measured"].tolist() == [pytest.approx(1.0)]
    assert local_elasticity(run)["measured"].tolist() == [pytest.approx(1.0)]


def test_seeds_and_other_columns_are_not_mixed():
    points = scales(1.0, 10.0, **{"optimizer.b1": 0.9}) + scales(1.0, 10.0, **{"optimizer.b1": 0.0})
    sizes = {(0, 0): 1.0, (1, 0): 10.0, (0, 1): 5.0, (1, 1): 5.0, (2, 0): 1.0, (3, 0): 100.0, (2, 1): 4.0, (3, 1): 0.4}
    run = made_run([first(point, size, seed=seed) for (point, seed), size in sizes.items()], points=points)
    for quantity in (scale_elasticity, local_elasticity):
        found = quantity(run).set_index(["point", "seed"])["measured"]
        assert sorted(found.index) == [(0, 0), (0, 1), (2, 0), (2, 1)]  # the first point of each
        expected = {(0, 0): 1.0, (0, 1): 0.0, (2, 0): 2.0, (2, 1): -1.0}
        np.testing.assert_allclose([found[key] for key in expected], [*expected.values()], atol=1e-12)


def test_a_variant_without_another_columns_value_is_a_group_of_its_own():
    points = scales(1.0, 10.0, optimizer="adam", **{"optimizer.b1": 0.9}) + scales(1.0, 10.0, optimizer="sgd")
    found = scale_elasticity(of_sizes([3.0, 3.0, 1.0, 10.0], points)).sort_values("point")
    assert found["point"].tolist() == [0, 2]
    np.testing.assert_allclose(found["measured"], [0.0, 1.0], atol=1e-12)


def test_what_did_not_move_has_no_part_in_a_slope():
    points = scales(1.0, 10.0, 100.0)
    assert scale_elasticity(of_sizes([0.0, 2.0, 20.0], points))["measured"].tolist() == [pytest.approx(1.0)]
    for sizes in ([0.0, 0.0, 2.0], [0.0, 0.0, 0.0]):
        assert np.isnan(scale_elasticity(of_sizes(sizes, points))["measured"]).tolist() == [True]


def test_a_scale_of_zero_has_no_logarithm():
    # weight decay moves even then
    run = of_sizes([5.0, 1.0, 100.0], scales(0.0, 1.0, 10.0))
    assert scale_elasticity(run)["measured"].tolist() == [pytest.approx(2.0)]
    np.testing.assert_allclose(local_elasticity(run)["measured"], [np.nan, 2.0])


def test_local_slopes_are_between_neighbouring_scales():
    # the points in falling order: 1 → 10 by a factor of 10, 10 → 1000 by one of 10 again: slopes 1 and 1/2
    found = local_elasticity(of_sizes([100.0, 10.0, 1.0], scales(1000.0, 10.0, 1.0)))
    assert found["point"].tolist() == [2, 1]  # where each slope begins
    np.testing.assert_allclose(found["measured"], [1.0, 0.5])
    np.testing.assert_allclose(found["scale"], [np.sqrt(10.0), 100.0])


def test_a_local_slope_belongs_to_the_gradient_halfway():
    # four logits: half of the geometric means of 2 and 8, and of 8 and 32
    rows = [first(point, 1.0, grad=grad) for point, grad in enumerate((2.0, 8.0, 32.0))]
    np.testing.assert_allclose(local_elasticity(made_run(rows, points=scales(1.0, 4.0, 16.0)))["gradient"], [2.0, 8.0])
    elsewhere = {"kind": "token_tree", "vocab_size": 4}
    found = local_elasticity(made_run(rows, points=scales(1.0, 4.0, 16.0), environment=elsewhere))
    assert np.isnan(found["gradient"]).all() and found["measured"].tolist() == [0.0, 0.0]


def test_a_local_slope_at_what_did_not_move_is_undefined_not_infinite():
    run = of_sizes([1.0, 0.0, 10.0, 100.0], scales(1.0, 10.0, 100.0, 1000.0))
    np.testing.assert_allclose(local_elasticity(run)["measured"], [np.nan, np.nan, 1.0])
    unmoved = made_run([first(point, 0.0, grad=0.0) for point in range(3)], points=scales(1.0, 10.0, 100.0))
    found = local_elasticity(unmoved)
    assert np.isnan(found["measured"]).all() and np.isnan(found["gradient"]).all()
    claim = full_claim({"metric": "local_elasticity", "predicted": "adam_elasticity"})
    assert cases(unmoved, claim).empty


def test_a_claim_compares_a_local_slope_with_adams_at_the_gradient_halfway():
    # gradients of 2 and 8 over four logits: 2 halfway, as large as eps: κ/(1 + κ) = 1/2
    rows = [first(0, 1.0, grad=2.0), first(1, 2.0, grad=8.0)]
    run = made_run(rows, points=scales(1.0, 4.0), optimizer=ADAM | {"eps": 2.0})
    found = cases(run, full_claim({"metric": "local_elasticity", "predicted": "adam_elasticity"}))
    assert found[["point", "measured", "predicted"]].to_numpy().tolist() == [
        [0, pytest.approx(0.5), pytest.approx(0.5)]
    ]


def far(point, distance, seed=0, rollout=0, update=1):
    when = {"rollout": rollout, "update": update}
    return first(point, 1.0, seed=seed) | when | {"update/displacement": distance}


def test_the_spread_compares_the_ends_of_runs_seed_by_seed():
    rows = [far(0, 2.0, seed=0), far(1, 3.0, seed=0), far(0, 4.0, seed=1), far(1, 4.0, seed=1)]
    rows += [row | {"rollout": 1, "update/displacement": 2 * row["update/displacement"]} for row in rows[:2]]
    rows += [far(0, 9.0, seed=1, rollout=1), far(1, 3.0, seed=1, rollout=1)]
    found = scale_spread(made_run(rows, points=scales(1.0, 10.0)))
    # 6/4 − 1 and 9/3 − 1: what they are in between does not matter
    assert found[["point", "seed", "measured"]].to_numpy().tolist() == [[0, 0, 0.5], [0, 1, 2.0]]


def test_the_spread_is_over_scales_with_all_else_the_same():
    points = [{SCALE: scale, "method.kl.coef": coef} for coef in (0.0, 1.0) for scale in (1.0, 10.0, 100.0)]
    distances = [1.0, 1.0, 1.0, 1.0, 5.0, 2.0]
    found = scale_spread(made_run([far(point, distance) for point, distance in enumerate(distances)], points=points))
    assert found[["point", "measured"]].to_numpy().tolist() == [[0, 0.0], [3, 4.0]]


def test_without_a_second_scale_or_a_movement_there_is_no_spread():
    points = [*scales(1.0, 10.0, environment="a"), {"environment": "b"}]
    rows = [far(0, 0.0), far(1, 0.0), far(2, 3.0)]
    assert np.isnan(scale_spread(made_run(rows, points=points))["measured"]).tolist() == [True, True]


def test_a_tasks_scale_is_a_scale_too():
    points = [{"environment.tasks[1].scale": scale} for scale in (1.0, 10.0)]
    assert scale_elasticity(of_sizes([1.0, 10.0], points))["measured"].tolist() == [pytest.approx(1.0)]
