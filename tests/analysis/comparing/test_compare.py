"""Means, intervals and paired differences of a comparison, worked out by hand."""

import numpy as np
import pytest

import analysis
from analysis.comparing import ComparisonError, compare
from tests.analysis.comparing.rows import made, values

NAN = float("nan")
# adam 1, 2, 3 and lion 3, 5, 4: differences 2, 3, 1
TWO = [*values(s0=1.0, s1=2.0, s2=3.0), *values(point=1, s0=3.0, s1=5.0, s2=4.0)]


def row(found, variant, column="ratio/max"):
    return found.frame[(found.frame["variant"] == variant) & (found.frame["column"] == column)].iloc[0]


def test_the_mean_has_students_interval_over_seeds():
    lion = row(compare(made(TWO)), "lion")
    # s = 1, n = 3: t_{2, 0.975} = 4.30265 / √3 = 2.48414
    assert [lion["mean"], lion["low"], lion["high"]] == pytest.approx([4.0, 4 - 2.48414, 4 + 2.48414], abs=1e-5)
    assert lion["seeds"] == 3 and lion["defined"] == 1.0


def test_differences_are_paired_by_seed():
    lion = row(compare(made(TWO)), "lion")
    # 2, 3, 1: mean 2, s = 1; below eight seeds Student's t
    assert [lion["difference"], lion["difference_low"], lion["difference_high"]] == pytest.approx(
        [2.0, 2 - 2.48414, 2 + 2.48414], abs=1e-5
    )
    assert lion["pairs"] == 3


def test_pairs_can_tell_what_means_cannot():
    # seeds differ by far more than the variants do, which differ by 0.1 every time, ± 0.001
    rows = [*values(s0=1.0, s1=10.0, s2=100.0), *values(point=1, s0=1.1, s1=10.101, s2=100.099)]
    lion = row(compare(made(rows)), "lion")
    assert lion["low"] < row(compare(made(rows)), "adam")["mean"] and lion["difference_low"] > 0.09


def test_the_baseline_has_no_difference_and_can_be_chosen():
    found = compare(made(TWO), baseline="lion")
    assert found.baseline == "lion" and np.isnan(row(found, "lion")["difference"])
    assert row(found, "adam")["difference"] == pytest.approx(-2.0)


def test_only_seeds_that_both_have_are_paired():
    rows = [*values(s0=1.0, s1=2.0, s2=3.0), *values(point=1, s1=5.0, s2=4.0, s3=9.0)]
    lion = row(compare(made(rows)), "lion")
    # means over their own seeds, 6 and 2; differences over seeds 1 and 2: 3 and 1
    assert [lion["mean"], lion["difference"], lion["pairs"], lion["seeds"]] == pytest.approx([6.0, 2.0, 2, 3])


def test_without_a_seed_in_common_nothing_is_paired():
    found = compare(made([*values(s0=1.0, s1=2.0), *values(point=1, s7=5.0, s8=4.0)]))
    assert np.isnan(row(found, "lion")["difference"]) and row(found, "lion")["pairs"] == 0
    assert any("no variant has a seed in common with adam" in note for note in found.notes)


def test_rows_are_sorted_by_a_column_either_way():
    rows = [*values(s0=2.0), *values(point=1, s0=3.0), *values(point=2, s0=NAN), *values(point=3, s0=1.0)]
    run = made(rows, labels=("a", "b", "c", "d"))
    assert compare(run).variants == ["a", "b", "c", "d"]
    assert compare(run, columns=["ratio/max"], sort="ratio/max").variants == ["b", "a", "d", "c"]
    assert compare(run, columns=["ratio/max"], sort="-ratio/max").variants == ["d", "a", "b", "c"]


def test_a_column_to_sort_by_is_a_column():
    found = compare(made(TWO), columns=["ratio/max"], sort="update/norm")
    assert found.columns == ["ratio/max", "update/norm"]


def test_a_seed_that_diverged_is_left_out_and_marked():
    rows = [*values(s0=1.0, s1=2.0), *values(point=1, s0=float("inf"), s1=4.0)]
    rows = [each | {"diverged": float(each["ratio/max"] == float("inf"))} for each in rows]
    found = compare(made(rows))
    lion = row(found, "lion")
    assert [lion["mean"], lion["seeds"], lion["pairs"], lion["diverged"]] == [4.0, 1, 1, 1]
    assert any(note.startswith("†: 1 of 2 variants diverged") for note in found.notes)


def test_one_seed_has_no_interval():
    found = compare(made([*values(s0=1.0), *values(point=1, s0=3.0)]))
    lion = row(found, "lion")
    assert lion["difference"] == 2.0 and np.isnan([lion["low"], lion["difference_low"]]).all()
    assert found.notes[0].startswith("one seed")


def test_derived_quantities_are_columns():
    rows = [
        {"point": 0, "seed": seed, "rollout": 0, "update": update, "grad/norm": 1 - active, "clip/active": active}
        for seed, first in ((0, 2), (1, 4))
        for update in range(1, 5)
        for active in [float(update >= first)]
    ]
    found = compare(made(rows, labels=("adam",), headline="clip/active"), columns=["first_all_clipped"])
    assert row(found, "adam", "first_all_clipped")["mean"] == 3.0
    assert found.legends["first_all_clipped"].startswith("the first update of a rollout that finds the gradient")


def test_what_is_not_always_defined_says_how_often_it_is():
    rows = [
        {"point": 0, "seed": seed, "rollout": 0, "update": 1, "grad/norm": 1.0, "clip/active": active}
        for seed, active in enumerate((1.0, 0.5, 0.5, 0.5))
    ]
    found = compare(made(rows, labels=("adam",), headline="clip/active"), columns=["first_all_clipped"])
    assert found.legends["first_all_clipped"].endswith("defined in 25 % of the cases, by variant")


def test_columns_that_hold_nothing_are_left_out_of_the_usual_ones():
    # without a gradient of zero there is no braking distance
    rows = [each | {"grad/norm": 1.0, "return/exact": 0.5} for each in TWO]
    assert compare(made(rows)).columns == ["ratio/max", "return/exact"]


@pytest.mark.parametrize(
    ("asked", "key", "sentence"),
    [
        ({"columns": ["ratio/mxa"]}, "columns", "no column 'ratio/mxa' was recorded; did you mean 'ratio/max'?"),
        ({"columns": []}, "columns", "names no column"),
        ({"baseline": "adan"}, "baseline", "no variant 'adan'; did you mean 'adam'?"),
        ({"baseline": "li"}, "baseline", "no variant 'li'; did you mean 'lion'?"),
        ({"sort": "ratio"}, "sort", "no column 'ratio' was recorded; did you mean 'ratio/max'?"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_name(asked, key, sentence):
    with pytest.raises(ComparisonError) as error:
        compare(made(TWO), **asked)
    assert (error.value.key, error.value.sentence) == (key, sentence)


def test_runs_with_nothing_in_common_are_refused():
    other = made(values(metric="return/exact", s0=1.0), labels=("adam",), name="other", headline="return/exact")
    with pytest.raises(ComparisonError, match="none of the usual columns in common; all of them have update/norm"):
        compare([made(TWO), other])


def test_a_metric_that_one_run_lacks_is_empty_there():
    other = made(values(metric="return/exact", s0=1.0, s1=2.0), labels=("adam", "sgd"), name="other")
    found = compare([made(TWO), other], columns=["ratio/max"])
    assert np.isnan(row(found, "other: adam")["mean"]) and row(found, "made: lion")["mean"] == 4.0


def test_runs_are_paired_by_seed_too():
    other = made(values(s0=2.0, s1=4.0), labels=("adam", "sgd"), name="other")
    found = compare([made(TWO), other], columns=["ratio/max"])
    adam = row(found, "other: adam")
    assert [adam["difference"], adam["pairs"]] == [pytest.approx(1.5), 2]  # 2 − 1 and 4 − 2


def test_no_run_is_refused():
    with pytest.raises(ComparisonError, match="none to compare"):
        compare([])


def test_a_notebook_shows_the_table():
    assert ">lion</span></td>" in analysis.compare(made(TWO))._repr_html_()
