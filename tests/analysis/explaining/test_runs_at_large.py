"""Groups without signal, progress, the policy's end, divergence, and what seeds cannot tell."""

import numpy as np
import pytest

from tests.analysis.explaining.frames import SURROGATE, run_of, seeds, told

TWO = [{"optimizer": "adam"}, {"optimizer": "lion"}]


def test_groups_without_signal_are_told_from_three_in_ten_on():
    row = {"group/zero_std": 0.3, "grad/norm": 1.0}
    (found,) = told("groups_without_signal", seeds(row, {}, {}))
    assert found.says.startswith("30 % of the groups had rewards that are all equal")
    assert not told("groups_without_signal", seeds(row | {"group/zero_std": 0.29}, {}, {}))
    raw = SURROGATE | {"advantage": {"kind": "reward"}}  # equal rewards are no zero advantages then
    assert not told("groups_without_signal", seeds(row, {}, {}), surrogate=raw)
    # 0.4 on average, with an interval of ± 1.27
    assert not told("groups_without_signal", seeds(row, {"group/zero_std": 0.3}, {"group/zero_std": 0.5}))


def rises(returns, objectives):
    """Ten rollouts, seed by seed: the return and the objective are straight lines with these ends."""
    return [
        {"seed": seed, "rollout": rollout, "objective": objective, "return/exact": gain}
        for seed, (gains, others) in enumerate(zip(returns, objectives, strict=True))
        for rollout, (gain, objective) in enumerate(zip(np.linspace(*gains, 10), np.linspace(*others, 10), strict=True))
    ]


TEN = {"num_rollouts": 10}


def progress(returns, objectives):
    return told("objective_is_no_progress", rises(returns, objectives), training=TEN)


def test_an_objective_of_zero_while_the_return_rises_is_no_progress():
    (found,) = progress([(0.0, 0.9)] * 2, [(0.0, 1e-17)] * 2)
    # the last two of ten rollouts less the first two: 0.85 − 0.05
    assert "The return rises by 0.8 and the objective" in found.says and "is zero all the while" in found.says
    assert found.looked_at["rise of return/exact"] == pytest.approx(0.8)


def test_an_objective_that_falls_while_the_return_rises_is_none_either():
    (found,) = progress([(0.0, 0.9)] * 2, [(0.0, -0.45)] * 2)
    assert "falls by 0.4" in found.says


def test_an_objective_that_rises_with_the_return_is_not_spoken_of():
    assert not progress([(0.0, 0.9)] * 2, [(0.0, 0.45)] * 2)


def test_a_return_that_does_not_rise_is_not_spoken_of():
    assert not progress([(0.5, 0.52)] * 2, [(0.0, 0.0)] * 2)
    assert not progress([(0.0, 0.9), (0.9, 0.0)], [(0.0, 0.0)] * 2)  # one up, one down
    assert not told("objective_is_no_progress", rises([(0.0, 0.9)], [(0.0, 0.0)]), training={"num_rollouts": 4})


def entropy(start, end, **training):
    rows = [{"rollout": 0, "entropy": start}, {"rollout": 1, "entropy": end}]
    return told("entropy_collapsed", rows, training={"num_rollouts": 2} | training)


def test_an_entropy_below_a_twentieth_has_collapsed():
    (found,) = entropy(1.0, 0.04)
    assert found.says.startswith("4 % of the entropy is left, 0.04 of 1 nats a token")
    assert not entropy(1.0, 0.05)
    assert not entropy(1.0, 0.01, num_rollouts=1)


def test_updates_that_go_far_are_told_with_their_effective_sample():
    row = {"kl/behavior_exact": 0.2, "ratio/ess": 0.6}
    (found,) = told("updates_go_far", seeds(row, {}, {}))
    assert "end 0.2 nats away" in found.says and "count as 60 % of as many fresh ones" in found.says
    assert not told("updates_go_far", seeds(row | {"kl/behavior_exact": 0.1}, {}, {}))
    assert not told("updates_go_far", seeds(row, {"kl/behavior_exact": 0.11}, {"kl/behavior_exact": 0.3}))


def test_what_diverged_is_told_and_nothing_else_of_it():
    inf = float("inf")
    rows = [
        {"point": 0, "seed": 0, "diverged": 0.0, "kl/behavior_exact": 0.2},
        {"point": 0, "seed": 1, "diverged": 0.0, "kl/behavior_exact": 0.2},
        {"point": 1, "seed": 0, "diverged": 0.0, "kl/behavior_exact": 0.2},
        {"point": 1, "seed": 1, "diverged": 1.0, "kl/behavior_exact": inf},
    ]
    (found,) = told("diverged", rows, points=TWO)
    assert found.says.startswith("lion: diverged in 1 of 2 seeds") and found.variants == ("lion",)
    (far,) = told("updates_go_far", rows, points=TWO)
    assert far.variants == ("adam",)
    assert not told("diverged", rows[:3], points=TWO)


def test_one_seed_says_so():
    assert told("one_seed", [{"ratio/max": 1.0}])
    assert not told("one_seed", seeds({"ratio/max": 1.0}, {}, {}))


def apart(*differences):
    """Adam at 1, lion above it by these, seed by seed."""
    base = seeds({"point": 0, "ratio/max": 1.0}, *({} for _ in differences))
    other = seeds({"point": 1}, *({"ratio/max": 1.0 + value} for value in differences))
    return told("cannot_be_told_apart", base + other, points=TWO)


def test_variants_that_differ_by_no_more_than_chance_cannot_be_told_apart():
    (found,) = apart(0.3, -0.1, 0.1)  # 0.1 ± 0.50
    assert "3 seeds cannot tell the variants apart by ratio/max" in found.says and "lion and adam" in found.says
    assert found.looked_at["low"] == pytest.approx(0.1 - 0.2 * 2.48414, abs=1e-5)


def test_variants_that_differ_by_more_or_not_at_all_are_not_spoken_of():
    assert not apart(0.3, 0.2, 0.25)
    assert not apart(0.0, 0.0, 0.0)
    assert not apart(0.3)  # one seed, of which another rule speaks


def test_a_run_with_nothing_to_explain_has_no_explanation():
    from analysis.explaining import explanations

    assert explanations(run_of(seeds({"ratio/max": 1.0, "update/norm": 1.0}, {}, {}))) == []
