"""Readings that are worked out part by part are those of the whole table."""

import numpy as np
import pandas as pd
import pytest

from analysis.intervals import half_width, half_widths
from analysis.run.readings import readings_of
from analysis.run.stored import Stored

DECLARED = {
    "average": {"reading": "mean"},
    "total": {"reading": "sum"},
    "end": {"reading": "end"},
    "final": {"reading": "final"},
    "never": {"reading": "mean"},
    "share": {"reading": "mean", "quotient": ["total", "average"]},
}


@pytest.fixture(scope="module")
def updates():
    """Three points of 2, 2 and 3 updates per rollout, two seeds, four rollouts; a third of all numbers undefined."""
    rows = [
        {"point": point, "seed": seed, "rollout": rollout, "update": update}
        for point, most in enumerate((2, 2, 3))
        for seed in (5, 6)
        for rollout in range(4 - (point == 2))
        for update in range(1, most + 1)
    ]
    frame, draw = pd.DataFrame(rows), np.random.default_rng(0)
    for name in DECLARED:
        frame[name] = np.where(draw.random(len(frame)) < 1 / 3, np.nan, draw.normal(size=len(frame)))
    return frame.assign(never=np.nan)


def by_hand(updates):
    """As the definitions say, lane by lane."""
    rows = []
    for (point, seed), lane in updates.groupby(["point", "seed"]):
        rollouts = [rollout for _, rollout in lane.groupby("rollout")]
        ends = [rollout["end"].iloc[-1] for rollout in rollouts]
        sums = [rollout["total"].sum(min_count=1) for rollout in rollouts]
        average, total = lane["average"].mean(), np.nanmean(sums)
        final = lane["final"].iloc[-1]
        values = {"average": average, "total": total, "end": np.nanmean(ends), "final": final, "share": total / average}
        rows.append({"point": point, "seed": seed, **values})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("by", [["point"], ["seed"], ["rollout"], ["point", "seed", "rollout"]], ids="-".join)
def test_the_parts_make_no_difference(updates, by, tmp_path):
    for number, (_, part) in enumerate(updates.groupby(by)):
        part.to_parquet(tmp_path / f"part-{number:05d}.parquet", index=False)
    found = readings_of(Stored.of_folder(tmp_path), DECLARED)
    assert "never" not in found
    pd.testing.assert_frame_equal(found, by_hand(updates), check_dtype=False, rtol=1e-12)


def test_the_order_of_the_rows_makes_no_difference(updates):
    shuffled = updates.sample(frac=1, random_state=1).reset_index(drop=True)
    found = readings_of(Stored([shuffled]), DECLARED)
    pd.testing.assert_frame_equal(found, by_hand(updates), check_dtype=False, rtol=1e-12)


def test_what_is_infinite_stays_so_and_single_precision_is_averaged_in_double(updates):
    large = updates.assign(average=np.float32(0.1), end=np.inf)
    found = readings_of(Stored([large.astype({"average": np.float32})]), DECLARED)
    assert np.isinf(found["end"]).all()
    np.testing.assert_allclose(found["average"], np.float64(np.float32(0.1)), rtol=1e-15)


def test_columns_and_rows_are_read_as_they_are_wanted(updates, tmp_path):
    for number, (_, part) in enumerate(updates.groupby("point")):
        part.to_parquet(tmp_path / f"part-{number:05d}.parquet", index=False)
    stored = Stored.of_folder(tmp_path)
    assert stored.names == list(updates.columns)
    assert stored.least("seed") == 5
    found = stored.read(["point", "average"], update=3, seed={6}, rollout=[0, 2])
    wanted = updates.query("update == 3 and seed == 6 and rollout in (0, 2)")[["point", "average"]]
    pd.testing.assert_frame_equal(found, wanted.reset_index(drop=True))
    assert [len(part) for part in stored.each(["total"], point=2)] == [0, 0, 18]


def test_intervals_of_many_groups_at_once_are_those_of_each():
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"point": np.repeat(range(5), 6), "a": draw.normal(size=30), "b": 0.1})
    frame.loc[:4, "a"] = np.nan  # one number is left of the first group
    found = half_widths(frame.groupby("point"))
    for point, own in frame.groupby("point"):
        np.testing.assert_allclose(found.loc[point, "a"], half_width(own["a"]), rtol=1e-12)
    assert np.isnan(found.loc[0, "a"]) and (found["b"] == 0).all()
