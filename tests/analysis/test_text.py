"""Numbers and sentences as a reader meets them."""

import pytest

from analysis.sentences import finding
from analysis.summary import summarize
from analysis.text import claim_summary, measured, number, with_interval
from tests.analysis.made import made_run


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.61512, "1.615"), (0.0, "0"), (1.25e-6, "1.25e-06"), (float("nan"), "–"), (None, "–"), (20.0, "20")],
)
def test_numbers_have_four_digits(value, text):
    assert number(value) == text


def test_intervals_are_rounded_to_what_they_know():
    assert with_interval(1.579545, 1.511486) == "1.580 ± 0.068"
    assert with_interval(1.5, 1.5) == "1.5 ± 0"
    assert with_interval(1.5, float("nan")) == "1.5"


def test_the_finding_names_the_extremes_and_the_verdicts():
    rows = [
        {"point": point, "seed": 0, "rollout": 0, "update": 1, "ratio/max": value}
        for point, value in enumerate((1.8, 1.2))
    ]
    run = made_run(rows, points=[{"optimizer": "adam"}, {"optimizer": "sgd"}])
    run.__dict__["summary"] = summarize(run)
    run.__dict__["verdicts"] = [{"verdict": "holds"}, {"verdict": "fails"}]
    assert finding(run) == (
        "ratio/max at the end of a rollout runs from 1.2 (sgd) to 1.8 (adam). 1 of 2 claims hold, 1 fails."
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (-0.068, -0.0881, -0.0479, "-0.068 ± 0.020"),
        (0.5, 0.4, 0.7, "0.5 [0.4, 0.7]"),  # a bootstrap's need not be symmetric
        (1.6, None, None, "1.6"),
        (1.6, 1.6, 1.6 + 1e-12, "1.6"),
        (None, None, None, "–"),
    ],
)
def test_a_measured_value_has_its_interval_where_seeds_differ(value, low, high, expected):
    assert measured({"measured": value, "low": low, "high": high}) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], ""),
        (["cannot tell"], "The claim cannot be judged."),
        (["holds"] * 3, "All 3 claims hold."),
        (["holds", "fails", "fails", "cannot tell"], "1 of 4 claims hold, 2 fail, 1 cannot be judged."),
    ],
)
def test_how_claims_fared_in_a_sentence(verdicts, expected):
    assert claim_summary([{"verdict": verdict} for verdict in verdicts]) == expected
