"""Readings and means on a frame that fits on a page."""

import numpy as np
import pytest

from analysis.summary import readings, summarize
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
    values = readings(made_run(list(rows()))).set_index("seed")
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


def test_points_are_labelled_by_name_first():
    points = [{"environment.reward_scale": 0.1, "optimizer": "adam", "optimizer.b1": 0.9}]
    assert made_run(list(rows()), points=points).labels == ["adam, reward_scale = 0.1, b1 = 0.9"]
