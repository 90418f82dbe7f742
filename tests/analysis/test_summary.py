"""Readings and means on a frame that fits on a page."""

import numpy as np
import pytest

from analysis.summary import summarize
from tests.analysis.made import made_run


def rows():
    """Two seeds, two rollouts, two updates; every metric is 1000·seed + 100·rollout + update."""
    for seed in (0, 1):
        for rollout in (0, 1):
            for update in (1, 2):
                value = 1000.0 * seed + 100 * rollout + update
                yield {
                    "point": 0,
                    "seed": seed,
                    "rollout": rollout,
                    "update": update,
                    "ratio/max": value,
                    "return/exact": value,
                    "clip/active": np.nan if (rollout, update) == (1, 2) else value,
                    "diverged": 0.0,
                }


def test_each_metric_is_read_as_it_declares():
    values = made_run(list(rows())).readings.set_index("seed")
    # end: (2 + 102)/2 = 52; final: 102; mean of 1, 2, 101 (the undefined one is left out)
    assert values.loc[0, "ratio/max"] == 52
    assert values.loc[0, "return/exact"] == 102
    assert values.loc[0, "clip/active"] == pytest.approx(104 / 3)
    assert values.loc[1, "ratio/max"] == 1052


def test_the_summary_is_the_mean_over_seeds_with_its_interval():
    summary = summarize(made_run(list(rows()), points=[{"optimizer": "adam"}]))
    row = summary.iloc[0]
    assert (row["optimizer"], row["label"], row["seeds"]) == ("adam", "adam", 2)
    assert row["ratio/max"] == 552
    # two seeds 52 and 1052: s = 707.107, t(1, 0.975) = 12.7062, half width 12.7062 · 707.107 / √2 = 6353.1
    assert row["ratio/max:high"] - row["ratio/max"] == pytest.approx(6353.1, abs=0.1)


def test_points_are_labelled_part_by_part():
    points = [{"optimizer": "adam", "optimizer.b1": 0.9, "environment.reward_scale": 0.1}]
    assert made_run(list(rows()), points=points).labels == ["adam, b1 = 0.9, reward_scale = 0.1"]


def test_quantiles_come_from_the_recorded_tokens_at_the_end_of_each_rollout():
    token = {"point": 0, "seed": 0, "prompt": 0, "position": 0}
    ratios = [
        {**token, "rollout": rollout, "update": update, "completion": index, "log_ratio": np.log(ratio)}
        for rollout, update, values in ((0, 1, (9, 9, 9)), (0, 2, (1, 2, 3)), (2, 1, (9, 9, 9)), (2, 2, (3, 4, 8)))
        for index, ratio in enumerate(values)
    ]
    row = summarize(made_run(list(rows())[:4], ratios=ratios)).iloc[0]
    # medians 2 and 4; the 75 % quantile of log-ratios lies halfway between: √(2·3) and √(4·8)
    assert row["ratio/q50"] == pytest.approx(3.0)
    assert row["ratio/q75"] == pytest.approx((np.sqrt(6) + np.sqrt(32)) / 2)


def test_a_point_without_recorded_ratios_stays_in_the_summary():
    both = [row | {"point": point} for point in (0, 1) for row in rows()]
    token = {"point": 0, "seed": 0, "rollout": 0, "update": 2, "prompt": 0, "completion": 0, "position": 0}
    summary = summarize(made_run(both, ratios=[token | {"log_ratio": 0.0}], points=[{"record": "a"}, {"record": "b"}]))
    assert summary["label"].tolist() == ["a", "b"]
    assert summary["ratio/q50"].isna().tolist() == [False, True]


def drifting(coasted, silent, coasting):
    """A run of one seed whose rollouts of two updates have these values `[I, 2]`."""
    measured = {"drift/coasted": coasted, "drift/silent": silent, "drift/coasting": coasting}
    place = {"point": 0, "seed": 0}
    run = made_run(
        [
            {**place, "rollout": i, "update": k + 1} | {name: values[i][k] for name, values in measured.items()}
            for i, k in np.ndindex(np.shape(coasted))
        ]
    )
    run.manifest["metrics"] |= {name: {"reading": "sum"} for name in ("drift/coasted", "drift/silent")}
    run.manifest["metrics"]["drift/coasting"] = {"reading": "mean", "quotient": ["drift/coasted", "drift/silent"]}
    return run.readings.iloc[0]


def test_a_sum_is_over_a_rollouts_updates_and_averaged_over_rollouts():
    values = drifting([[1.0, 2.0], [5.0, np.nan]], [[2.0, 2.0], [7.0, 1.0]], [[0.5, 1.0], [0.7, np.nan]])
    assert values["drift/coasted"] == (3 + 5) / 2  # what is undefined is left out of a sum
    assert values["drift/silent"] == (4 + 8) / 2


def test_a_rollout_without_a_single_value_is_left_out():
    nan = np.nan
    values = drifting([[1.0, 2.0], [nan, nan]], [[2.0, 2.0], [nan, nan]], [[0.5, 1.0], [nan, nan]])
    assert (values["drift/coasted"], values["drift/silent"]) == (3.0, 4.0)


def test_a_quotient_is_that_of_what_its_metrics_came_to():
    # 4/6, where the mean of the updates' own would be 0.733, and one update of next to nothing could be anything
    values = drifting([[1.0, 2.0], [5.0, 0.0]], [[2.0, 2.0], [7.0, 1.0]], [[0.5, 1.0], [0.7, -1e9]])
    assert values["drift/coasting"] == pytest.approx(4 / 6)


def test_a_quotient_by_zero_is_undefined():
    values = drifting([[1.0, 2.0]], [[2.0, -2.0]], [[0.5, -1.0]])
    assert np.isnan(values["drift/coasting"])
