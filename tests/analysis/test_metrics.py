"""Derived quantities on frames made by hand."""

import numpy as np
import pytest

from analysis.quantities.at_start import expected_bias_at_start, objective_at_start, prefix_weight_at_start
from analysis.quantities.clipped import advantage_imbalance, movement_imbalance
from analysis.quantities.elasticities import scale_elasticity, scale_spread
from analysis.quantities.jump import jump_peak, jump_response
from analysis.quantities.residuals import residual_update
from tests import fresh
from tests.analysis.made import made_run


def update(rollout, number, grad, size, point=0, seed=0, **more):
    row = {"point": point, "seed": seed, "rollout": rollout, "update": number}
    return row | {"grad/norm": grad, "update/norm": size} | more


def test_what_quantities_need_is_known_without_pandas():
    code = "import sys; from analysis.quantities import QUANTITIES; print(len(QUANTITIES), 'pandas' in sys.modules)"
    count, loaded = fresh.python(code).split()
    assert int(count) >= 18 and loaded == "False"


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


def token(completion, position, advantage, prompt=0, log_ratio=0.0, reward=0.0):
    row = {"point": 0, "seed": 0, "rollout": 0, "update": 1, "prompt": prompt, "completion": completion}
    return row | {"position": position, "token": 1, "advantage": advantage, "log_ratio": log_ratio, "reward": reward}


def test_the_covariance_of_a_prefix_comes_from_its_completions():
    ratios = [token(0, 0, 1.5)] + [token(1, position, -1.5) for position in range(3)]
    run = made_run([update(0, 1, 1.0, 1.0, **{"prefix/weight": 0.5})], ratios=ratios)
    found = prefix_weight_at_start(run).iloc[0]
    # ω = 1/(G L): 1.5/(2·1) − 1.5/(2·3) = 0.75 − 0.25
    assert (found["measured"], found["covariance"]) == (0.5, pytest.approx(0.5))


def test_binary_rewards_have_the_closed_form_of_their_own():
    # two right completions of 1 and 2 tokens, two wrong ones of 4: p = 1/2, h₊ = 3/4, h₋ = 1/4, W = 1/2 · 1/2
    ratios = [
        token(completion, position, 1.0 if right else -1.0, reward=right)
        for completion, (length, right) in enumerate([(1, 1.0), (2, 1.0), (4, 0.0), (4, 0.0)])
        for position in range(length)
    ]
    surrogate = {"reduction": {"kind": "sequence_mean"}, "gate": {}}
    recorded = [update(0, 1, 1.0, 1.0, **{"prefix/weight": 0.25})]
    zscore = {"kind": "group_zscore", "ddof": 0}
    (found,) = prefix_weight_at_start(made_run(recorded, ratios, surrogate={**surrogate, "advantage": zscore}))[
        "binary"
    ]
    assert found == pytest.approx(0.25)
    # and the sum over its completions is the same: (1/1 + 1/2 − 1/4 − 1/4)/4
    mean = {"kind": "group_mean"}
    rows = prefix_weight_at_start(made_run(recorded, ratios, surrogate={**surrogate, "advantage": mean}))
    assert rows["covariance"].tolist() == [pytest.approx(0.25)] and np.isnan(rows["binary"]).all()


def test_a_jump_is_answered_in_units_of_the_update_before_it():
    # two updates per rollout, the jump from 2 to 6 before rollout 1: after the second update
    environment = {"kind": "bandit", "rewards": [[1.0, 0.0]]}
    environment |= {"reward_scale": {"kind": "jump", "at": 1, "before": 2.0, "after": 6.0}}
    training = {"epochs": 2, "minibatches": 1, "group_size": 4, "precision": "float64"}
    sizes = {(0, 1): 9.0, (0, 2): 2.0, (1, 1): 3.0, (1, 2): 5.0, (2, 1): 4.0}
    recorded = [update(*when, 1.0, size) for when, size in sizes.items()]
    found = jump_response(made_run(recorded, environment=environment, training=training)).sort_values("j")
    assert found[["n", "j", "factor", "measured"]].to_numpy().tolist() == [[2, 1, 3, 1.5], [2, 2, 3, 2.5], [2, 3, 3, 2]]
    assert jump_peak(made_run(recorded, environment=environment, training=training))["measured"].tolist() == [2.5]
    assert jump_response(made_run(recorded, training=training)).empty  # no jump, no answer


def test_an_objective_stands_beside_the_lengths_of_what_it_praises():
    # ω = 1/(G L) and A L: (1.5 · 1)/(2 · 1) − (1.5 · 3)/(2 · 3) = 0: the mean of each completion's mean
    ratios = [token(0, 0, 1.5)] + [token(1, position, -1.5) for position in range(3)]
    run = made_run([update(0, 1, 1.0, 1.0, objective=0.3)], ratios=ratios)
    assert objective_at_start(run)[["measured", "covariance"]].to_numpy().tolist() == [
        [0.3, pytest.approx(0.0, abs=1e-15)]
    ]
    summed = {"reduction": {"kind": "sequence_sum"}, "gate": {}}
    run = made_run([update(0, 1, 1.0, 1.0, objective=0.3)], ratios=ratios, surrogate=summed)
    # ω = 1/G: (1.5 · 1 − 1.5 · 3)/2
    assert objective_at_start(run)["covariance"].tolist() == [-1.5]


def test_the_expected_bias_has_a_closed_form_in_the_length_trap_alone():
    trap = {"kind": "length_trap", "right_is_short": [True, False], "short": 10, "long": 40, "num_prompts": 1}
    start = [[np.log(9.0), 0.0]] + [[0.0, 0.0]] * 4
    policy = {"kind": "tabular", "start": "zeros", "bias": None, "initial_logits": start}
    surrogate = {"advantage": {"kind": "group_mean"}, "reduction": {"kind": "sequence_mean"}, "gate": {}}
    recorded = [update(0, 1, 1.0, 1.0, **{"prefix/expected_bias": 0.1})]
    run = made_run(recorded, environment=trap, policy=policy, surrogate=surrogate)
    # formulas of docs/theory: the gradient is (+0.00253, −0.00253), the true one 0; its norm is √2 times the entry
    assert expected_bias_at_start(run)["closed_form"].tolist() == [pytest.approx(np.sqrt(2) * 0.00253125, rel=1e-9)]
    assert np.isnan(expected_bias_at_start(made_run(recorded, policy=policy, surrogate=surrogate))["closed_form"]).all()


def test_imbalances_compare_the_largest_prompt_with_the_smallest():
    ratios = [token(0, 0, 1.0, log_ratio=0.1), token(1, 0, -1.0, log_ratio=-0.1)]
    ratios += [token(0, 0, 5.0, prompt=1, log_ratio=0.3), token(1, 0, -5.0, prompt=1, log_ratio=-0.5)]
    run = made_run([update(0, 1, 1.0, 1.0)], ratios=ratios)
    assert advantage_imbalance(run)["measured"].tolist() == [5.0]
    np.testing.assert_allclose(movement_imbalance(run)["measured"], [4.0])
