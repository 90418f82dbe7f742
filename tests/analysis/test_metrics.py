"""Derived quantities on frames made by hand."""

import numpy as np
import pytest

from analysis.claims import NEEDS
from analysis.metrics import (
    QUANTITIES,
    advantage_imbalance,
    movement_imbalance,
    prefix_weight_at_start,
    residual_update,
    scale_elasticity,
    scale_spread,
)
from tests.analysis.made import made_run


def update(rollout, number, grad, size, point=0, seed=0, **more):
    row = {"point": point, "seed": seed, "rollout": rollout, "update": number}
    return row | {"grad/norm": grad, "update/norm": size} | more


def test_claims_know_all_quantities_without_loading_them():
    assert set(NEEDS) == set(QUANTITIES)


def test_residuals_count_from_the_last_gradient_of_each_rollout():
    training = {"epochs": 3, "minibatches": 1, "group_size": 4, "precision": "float64"}
    run = made_run(
        [
            update(0, 1, 1.0, 5.0), update(0, 2, 0.5, 4.0), update(0, 3, 0.0, 3.0),
            update(1, 1, 1.0, 2.0), update(1, 2, 0.0, 1.0), update(1, 3, 0.0, 0.5),
        ],
        training=training,
    )  # fmt: skip
    found = residual_update(run).sort_values(["rollout", "j"])
    assert found[["rollout", "j", "n"]].to_numpy().tolist() == [[0, 1, 2], [1, 1, 4], [1, 2, 4]]
    np.testing.assert_allclose(found["measured"], [3 / 4, 1 / 2, 1 / 4])


def test_a_rollout_without_any_gradient_has_no_residual():
    assert residual_update(made_run([update(0, 1, 0.0, 5.0)])).empty


def test_elasticity_is_the_slope_in_logarithms():
    points = [{"optimizer": name, "environment.reward_scale": scale} for name in "ab" for scale in (0.1, 1.0, 10.0)]
    sizes = [0.2, 2.0, 20.0, 3.0, 3.0, 3.0]
    run = made_run([update(0, 1, 1.0, size, point=index) for index, size in enumerate(sizes)], points=points)
    np.testing.assert_allclose(scale_elasticity(run)["measured"], [1.0, 0.0], atol=1e-12)


def test_scale_spread_compares_where_runs_end():
    points = [{"environment.reward_scale": scale} for scale in (1.0, 10.0)]
    rows = [
        update(0, number, 1.0, 1.0, point=point, **{"update/displacement": far})
        for point, last in ((0, 2.0), (1, 3.0))
        for number, far in ((1, 0.0), (2, last))
    ]
    np.testing.assert_allclose(scale_spread(made_run(rows, points=points))["measured"], [0.5])


def token(completion, position, advantage, prompt=0, log_ratio=0.0):
    row = {"point": 0, "seed": 0, "rollout": 0, "update": 1, "prompt": prompt, "completion": completion}
    return row | {"position": position, "token": 1, "advantage": advantage, "log_ratio": log_ratio}


def test_the_covariance_of_a_prefix_comes_from_its_completions():
    ratios = [token(0, 0, 1.5)] + [token(1, position, -1.5) for position in range(3)]
    run = made_run([update(0, 1, 1.0, 1.0, **{"prefix/weight": 0.5})], ratios=ratios)
    found = prefix_weight_at_start(run).iloc[0]
    # ω = 1/(G L): 1.5/(2·1) − 1.5/(2·3) = 0.75 − 0.25
    assert (found["measured"], found["covariance"]) == (0.5, pytest.approx(0.5))


def test_imbalances_compare_the_largest_prompt_with_the_smallest():
    ratios = [token(0, 0, 1.0, log_ratio=0.1), token(1, 0, -1.0, log_ratio=-0.1)]
    ratios += [token(0, 0, 5.0, prompt=1, log_ratio=0.3), token(1, 0, -5.0, prompt=1, log_ratio=-0.5)]
    run = made_run([update(0, 1, 1.0, 1.0)], ratios=ratios)
    assert advantage_imbalance(run)["measured"].tolist() == [5.0]
    np.testing.assert_allclose(movement_imbalance(run)["measured"], [4.0])
