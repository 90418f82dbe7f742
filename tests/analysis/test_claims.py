"""The claims machinery: a planted truth holds, a planted falsehood fails, what cannot fail is refused."""

import numpy as np
import pytest

from analysis.claims import Records, claim_problems, evaluate
from tests.analysis.made import full_claim, made_run

POINTS = [{"optimizer": "adam"}, {"optimizer": "sgd"}]
FIXED = {"rollouts": {"kind": "fixed"}}


def rows(adam=(1.7, 1.9), sgd=(1.2, 1.2)):
    for point, values in ((0, adam), (1, sgd)):
        for seed, value in enumerate(values):
            yield {"point": point, "seed": seed, "rollout": 0, "update": 1, "ratio/max": value, "grad/norm": 1.0}


def verdict(measured=None, points=POINTS, experiment=FIXED, **claim):
    measured = list(rows()) if measured is None else measured
    (found,) = evaluate(made_run(measured, points=points, claims=[{"metric": "ratio/max"} | claim], **experiment))
    return found


def around(mean, spread=0.05, seeds=16):
    """So many values with exactly this mean, half of them above by `spread`, half below."""
    return [mean + spread * (-1) ** seed for seed in range(seeds)]


# 16 values of mean m, each 0.05 away from it: s = 0.05 · √(16/15) = 0.05164, s/√16 = 0.01291, t(15, 0.975) = 2.1314
HALF = 2.1314 * 0.05164 / 4  # 0.02752


def test_a_claim_holds_when_every_interval_lies_within_its_tolerance():
    found = verdict(list(rows(around(1.8), around(1.79))), predicted=1.8, tolerance=0.04)
    assert found["verdict"] == "holds"  # 1.79 − 0.0275 = 1.7625 is above 1.76
    assert (found["cases"], found["seeds"], found["method"]) == (2, 16, "Student's t")
    assert found["worst_case"] == {"variant": "sgd"}
    assert found["largest_deviation"] == pytest.approx(0.01)
    assert (found["low"], found["high"]) == (pytest.approx(1.79 - HALF, abs=1e-5), pytest.approx(1.79 + HALF, abs=1e-5))


def test_a_claim_fails_when_an_interval_lies_wholly_outside():
    found = verdict(list(rows(around(1.8), around(1.2))), predicted=1.8, tolerance=0.04)
    assert (found["verdict"], found["worst_case"]) == ("fails", {"variant": "sgd"})
    assert (found["measured"], found["predicted"]) == (pytest.approx(1.2), 1.8)
    assert found["why"] == "sgd: 1.2 (1.172 to 1.228) is not 1.8 ± 0.04"


def test_between_these_the_data_cannot_tell():
    found = verdict(list(rows(around(1.8), around(1.77))), predicted=1.8, tolerance=0.04)
    assert found["verdict"] == "cannot tell"  # 1.7425 to 1.7975 reaches beyond 1.76
    assert found["why"] == (
        "sgd: the interval of 1.77 (1.742 to 1.798) reaches beyond 1.8 ± 0.04; more seeds make it narrower"
    )


def test_many_cases_do_not_fail_by_chance():
    # 1.7 ± 0.0275 lies outside 1.75 and above; among 30 cases it has to by t(15, 1 − 0.025/30) = 3.84: ± 0.0496
    one = verdict(list(rows(around(1.7), around(1.7))), predicted=1.74, relation="at_least", tolerance=0.0)
    points = [{"optimizer": str(name)} for name in range(30)]
    values = [around(1.7)] + [around(1.9)] * 29
    many = [row for point, own in enumerate(values) for row in rows(own, ()) if not row.update(point=point)]
    among = verdict(many, points, predicted=1.74, relation="at_least", tolerance=0.0)
    assert (one["verdict"], among["verdict"]) == ("fails", "cannot tell")


def test_a_single_seed_decides_only_where_nothing_is_drawn():
    alone = list(rows((1.8,), (1.8,)))
    assert verdict(alone, predicted=1.8, tolerance=1e-9)["verdict"] == "holds"
    assert verdict(alone, predicted=1.7, tolerance=1e-9)["verdict"] == "fails"
    found = verdict(alone, experiment={}, predicted=1.8, tolerance=1e-9)
    assert (found["verdict"], found["low"]) == ("cannot tell", None)
    assert found["why"] == ("adam: 1.8, a single seed of what is drawn at random; more seeds give it an interval")
    noisy = {"rollouts": {"kind": "fixed"}, "environment": {"kind": "multi_task", "tasks": [{"noise": 0.2}]}}
    assert verdict(alone, experiment=noisy, predicted=1.8, tolerance=1e-9)["verdict"] == "cannot tell"


def test_where_picks_the_variants():
    both = list(rows(around(1.8, 0.001), around(1.2, 0.001)))
    assert verdict(both, predicted=1.8, tolerance=0.01, where={"optimizer": "adam"})["verdict"] == "holds"
    assert verdict(both, predicted=1.8, tolerance=0.01, where={"optimizer": ["adam", "sgd"]})["verdict"] == "fails"


@pytest.mark.parametrize("metric", ["advantage_imbalance", "clip/active"])
def test_a_claim_about_what_was_not_recorded_is_refused(metric):
    found = verdict(metric=metric, predicted=1.0)
    assert (found["verdict"], found["cases"]) == ("cannot tell", 0)
    assert found["refused"] == found["why"] == "no data: nothing was measured that this claim is about"


def test_a_metric_that_applies_to_no_point_is_no_data():
    nulls = [row | {"clip/active": None} for row in rows()]
    assert verdict(nulls, metric="clip/active", predicted=0.0)["refused"].startswith("no data")


def test_a_closed_form_with_a_tolerance_as_large_as_itself_is_refused():
    # uniform over four arms, clip 0.2: 1 + 0.2 · 3 = 1.6
    found = verdict(predicted="memoryless_limit", tolerance=0.5)
    assert (found["predicted"], found["prediction"]) == (pytest.approx(1.6), "memoryless_limit")
    assert "it could not fail" in verdict(predicted="memoryless_limit", tolerance=1.7)["refused"]


@pytest.mark.parametrize(
    ("relation", "bound", "expected"),
    [("at_least", 1.19, "holds"), ("at_least", 1.3, "fails"), ("at_most", 1.9, "holds"), ("at_most", 1.1, "fails")],
)
def test_bounds_judge_every_case(relation, bound, expected):
    measured = list(rows(around(1.8, 0.01), around(1.2, 0.001)))
    assert verdict(measured, predicted=bound, relation=relation, tolerance=1e-12)["verdict"] == expected


@pytest.mark.parametrize(
    ("mean", "sign", "tolerance", "expected"),
    [
        (0.1, "positive", 0.0, "holds"),
        (0.1, "negative", 0.0, "fails"),
        (-0.1, "negative", 0.0, "holds"),
        (0.02, "positive", 0.0, "cannot tell"),  # ± 0.0275
        (0.1, "positive", 0.05, "holds"),
        (0.1, "positive", 0.09, "cannot tell"),
        (0.1, "positive", 0.15, "fails"),
    ],
)
def test_a_sign_can_be_all_that_is_predicted(mean, sign, tolerance, expected):
    found = verdict(list(rows(around(mean), around(mean))), predicted=sign, tolerance=tolerance)
    assert (found["verdict"], found["prediction"], found["predicted"]) == (expected, sign, 0.0)


def test_a_claim_against_another_variant_is_about_the_difference_seed_by_seed():
    # adam minus sgd: 1.7 − 1.2 and 1.9 − 1.2; sgd has no counterpart but itself and is left out
    found = verdict(predicted=0.6, tolerance=5.0, against={"optimizer": "sgd"}, relation="at_least")
    assert (found["verdict"], found["cases"], found["measured"]) == ("holds", 1, pytest.approx(0.6))
    # two paired differences, 0.5 and 0.7: t(0.975, 1) = 12.706 times 0.1414/√2
    assert found["high"] - found["measured"] == pytest.approx(12.706 * 0.1, rel=1e-4)
    assert found["method"] == "Student's t of paired differences"


def test_pairing_makes_differences_sharp():
    # both vary by ± 0.5, together; their difference only by ± 0.01 around 0.1
    sgd = around(1.2, 0.5)
    adam = [value + 0.1 + 0.01 * (-1) ** (seed // 2) for seed, value in enumerate(sgd)]
    found = verdict(list(rows(adam, sgd)), predicted=0.1, tolerance=0.02, against={"optimizer": "sgd"})
    assert (found["verdict"], found["method"]) == (
        "holds",
        "paired studentised bootstrap, 2000 resamples of the seeds",
    )
    assert found["high"] - found["low"] < 0.014  # 2 · 2.13 · 0.01 · √(16/15)/4 = 0.011


def test_another_part_does_not_have_the_axes_of_this_one():
    points = [
        {"optimizer": "adam", "optimizer.b1": 0.9},
        {"optimizer": "adam", "optimizer.b1": 0.0},
        {"optimizer": "sgd"},
    ]
    measured = [{"point": point, "seed": 0, "rollout": 0, "update": 1, "ratio/max": value}
                for point, value in enumerate((1.8, 1.5, 1.2))]  # fmt: skip
    claims = [
        {"metric": "ratio/max", "predicted": 0.6, "against": {"optimizer": "sgd"}, "where": {"optimizer.b1": 0.9}},
        {"metric": "ratio/max", "predicted": 0.3, "against": {"optimizer.b1": 0.0}},
    ]
    found = evaluate(made_run(measured, points=points, claims=claims))
    assert [claim["measured"] for claim in found] == [pytest.approx(0.6), pytest.approx(0.3)]
    assert [claim["cases"] for claim in found] == [1, 1]


@pytest.mark.long
def test_true_claims_are_rarely_called_false_and_false_ones_rarely_true():
    generator, seeds = np.random.default_rng(0), 12
    told = {"true": [], "false": []}
    for _ in range(100):
        values = generator.normal(1.0, 0.1, size=seeds)
        measured = [row for row in rows(values, ()) if row["point"] == 0]
        for name, bound in (("true", 1.0), ("false", 1.0001)):  # the truth is 1: at its very edge
            claim = {"predicted": bound, "relation": "at_least", "tolerance": 0.0}
            told[name].append(verdict(measured, POINTS[:1], **claim)["verdict"])
    # 2.5 % each; of 100 more than 8 happen with a probability below 0.002
    assert told["true"].count("fails") <= 8
    assert told["false"].count("holds") <= 8


RECORDS = Records(
    metrics={"ratio/max": (0.0, None), "clip/active": (0.0, 1.0), "return/exact": (None, None)},
    points=[{"optimizer": "adam", "optimizer.b1": 0.9}, {"optimizer": "sgd"}],
    ratios=False,
)


def problem(**claim):
    return claim_problems(full_claim({"metric": "ratio/max", "predicted": 1.0} | claim), RECORDS)


@pytest.mark.parametrize(
    ("claim", "key", "hint"),
    [
        ({"metric": "ratio/mx"}, "metric", "did you mean 'ratio/max'?"),
        ({"predicted": "memoryless"}, "predicted", "did you mean 'memoryless_limit'?"),
        ({"predicted": "adam_residual"}, "predicted", "adam_residual predicts residual_update, not ratio/max"),
        ({"predicted": "positve"}, "predicted", "did you mean 'positive'?"),
        ({"predicted": "positive", "relation": "at_least"}, "relation", "a sign is all that is predicted"),
        ({"where": {"optimiser": 1}}, "where", "did you mean 'optimizer'?"),
        ({"against": {"optimiser": 1}}, "against", "did you mean 'optimizer'?"),
        ({"metric": "residual_update"}, "metric", "needs grad/norm, update/norm"),
        ({"metric": "advantage_imbalance"}, "metric", "needs [record] ratios"),
        ({"fit": {"kind": "slope", "over": "optimizer.b2"}}, "fit.over", "did you mean 'optimizer.b1'?"),
        ({"fit": {"kind": "slope", "over": "j"}}, "fit.over", "not measured over 'j'"),
        ({"predicted": "adam_half_life"}, "predicted", "adam_half_life predicts a fit of kind 'half_life'"),
        # that no data could prove wrong
        ({"where": {"optimizer": "lion"}}, "where", "picks no variant; optimizer is 'adam' or 'sgd'"),
        ({"against": {"optimizer": "lion"}}, "against", "no variant that is meant has another there"),
        ({"tolerance": float("inf")}, "tolerance", "has to be one that can fail"),
        ({"tolerance": 1.0}, "tolerance", "as large as what is predicted"),
        ({"metric": "clip/active", "predicted": 0.0, "tolerance": 1.0}, "tolerance", "(0 to 1): this claim could not"),
        ({"metric": "clip/active", "predicted": 0.0, "relation": "at_least"}, "tolerance", "(0 to 1)"),
        ({"predicted": 0.5, "relation": "at_least", "tolerance": 0.5}, "tolerance", "(0 to ∞)"),
        (
            {"metric": "clip/active", "predicted": 0.0, "tolerance": 1.0, "against": {"optimizer": "sgd"}},
            "tolerance",
            "(-1 to 1)",
        ),
    ],
)  # fmt: skip
def test_a_claim_that_no_run_could_answer_or_prove_wrong_is_refused(claim, key, hint):
    ((found, sentence),) = problem(**claim)
    assert found == key
    assert hint in sentence


@pytest.mark.parametrize(
    "claim",
    [
        {"tolerance": 0.9},
        {"metric": "clip/active", "predicted": 0.0, "tolerance": 0.99},
        {"metric": "return/exact", "predicted": 0.0, "tolerance": 1e9},  # a return has no bounds
        {"predicted": "positive", "against": {"optimizer": "sgd"}},
        {"predicted": 0.0, "relation": "at_most"},
        {"predicted": "negative", "fit": {"kind": "slope", "over": "update"}},
    ],
)
def test_a_claim_that_can_fail_is_not_refused(claim):
    assert problem(**claim) == []
