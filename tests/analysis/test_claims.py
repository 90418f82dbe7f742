"""The claims machinery: a planted truth holds, a planted falsehood fails, an empty claim is not judged."""

import pytest

from analysis.claims import claim_problems, evaluate
from tests.analysis.made import full_claim, made_run

POINTS = [{"optimizer": "adam"}, {"optimizer": "sgd"}]


def rows():
    for point, values in ((0, (1.7, 1.9)), (1, (1.2, 1.2))):
        for seed, value in enumerate(values):
            yield {"point": point, "seed": seed, "rollout": 0, "update": 1, "ratio/max": value, "grad/norm": 1.0}


def verdict(**claim):
    (found,) = evaluate(made_run(list(rows()), points=POINTS, claims=[{"metric": "ratio/max"} | claim]))
    return found


def test_a_true_claim_holds_and_names_its_worst_case():
    found = verdict(predicted=1.5, tolerance=0.31)
    # means over seeds: adam 1.8 (0.3 above), sgd 1.2 (0.3 below)
    assert found["verdict"] == "holds"
    assert found["largest_deviation"] == pytest.approx(0.3)
    assert found["cases"] == 2


def test_a_false_claim_fails():
    found = verdict(predicted=1.8, tolerance=0.01)
    assert (found["verdict"], found["worst_case"]["variant"]) == ("fails", "sgd")
    assert (found["measured"], found["predicted"]) == (pytest.approx(1.2), 1.8)


def test_where_picks_the_variants():
    assert verdict(predicted=1.8, tolerance=0.01, where={"optimizer": "adam"})["verdict"] == "holds"
    assert verdict(predicted=1.8, tolerance=0.01, where={"optimizer": ["adam", "sgd"]})["verdict"] == "fails"


def test_a_claim_about_what_was_not_recorded_cannot_be_judged():
    assert verdict(metric="advantage_imbalance", predicted=1.0)["verdict"] == "cannot tell"
    assert verdict(metric="clip/active", predicted=1.0)["verdict"] == "cannot tell"


def test_a_metric_that_applies_to_no_point_cannot_be_judged():
    nulls = [row | {"clip/active": None} for row in rows()]
    claim = {"metric": "clip/active", "predicted": 0.0}
    (found,) = evaluate(made_run(nulls, points=POINTS, claims=[claim]))
    assert found["verdict"] == "cannot tell"


def test_a_claim_about_nothing_cannot_be_judged():
    assert verdict(predicted=1.8, tolerance=9.0, where={"optimizer": "lion"})["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("relation", "bound", "expected"),
    [("at_least", 1.2, "holds"), ("at_least", 1.3, "fails"), ("at_most", 1.8, "holds"), ("at_most", 1.7, "fails")],
)
def test_bounds_judge_every_case(relation, bound, expected):
    assert verdict(predicted=bound, relation=relation, tolerance=1e-12)["verdict"] == expected


def test_a_claim_against_another_variant_is_about_the_difference_seed_by_seed():
    # adam minus sgd: 1.7 − 1.2 and 1.9 − 1.2; sgd has no counterpart but itself and is left out
    found = verdict(predicted=0.6, tolerance=1e-9, against={"optimizer": "sgd"})
    assert (found["verdict"], found["cases"], found["measured"]) == ("holds", 1, pytest.approx(0.6))
    # two paired differences, 0.5 and 0.7: t(0.975, 1) = 12.706 times 0.1414/√2
    assert found["half_width"] == pytest.approx(12.706 * 0.1, rel=1e-4)
    assert verdict(predicted=0.5, tolerance=1e-9, against={"optimizer": "sgd"})["verdict"] == "fails"


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


def test_a_claim_against_what_is_not_there_cannot_be_judged():
    assert verdict(predicted=0.6, against={"optimizer": "lion"})["verdict"] == "cannot tell"


def test_a_closed_form_is_evaluated_at_each_point():
    # uniform over four arms, clip 0.2: 1 + 0.2 · 3 = 1.6
    found = verdict(predicted="memoryless_limit", tolerance=0.5)
    assert found["predicted"] == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("claim", "key", "hint"),
    [
        ({"metric": "ratio/mx", "predicted": 1.0}, "claim[0].metric", "ratio/max"),
        ({"metric": "ratio/max", "predicted": "memoryless"}, "claim[0].predicted", "memoryless_limit"),
        ({"metric": "ratio/max", "predicted": 1.0, "where": {"optimiser": 1}}, "claim[0].where", "optimizer"),
        ({"metric": "ratio/max", "predicted": 1.0, "against": {"optimiser": 1}}, "claim[0].against", "optimizer"),
        ({"metric": "residual_update", "predicted": 1.0}, "claim[0].metric", "needs grad/norm, update/norm"),
        ({"metric": "advantage_imbalance", "predicted": 1.0}, "claim[0].metric", "needs [record] ratios"),
    ],
)
def test_a_claim_that_no_run_could_answer_is_refused(claim, key, hint):
    ((found, sentence),) = claim_problems([full_claim(claim)], ["ratio/max"], ["optimizer"], ratios=False)
    assert found == key
    assert hint in sentence
