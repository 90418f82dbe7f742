"""What memory carried and what it caused, on frames made by hand, and the sentences that tell it."""

import numpy as np
import pytest

from analysis.quantities import QUANTITIES
from analysis.quantities.memory import carried_share, caused_share
from analysis.sentences import fairness, meaning, memory, reading
from analysis.summary import summarize
from tests.analysis.made import READINGS, made_run


def token(log_ratios, coasting, silent, advantage=1.0, point=0, seed=0, rollout=0, completion=0, position=0):
    """One token's rows, update by update: where its log-ratio is, what coasting moved it, whether it was silenced."""
    where = {"point": point, "seed": seed, "rollout": rollout, "prompt": 0, "completion": completion}
    for number, (log_ratio, coasted, active) in enumerate(zip(log_ratios, coasting, silent, strict=True), start=1):
        yield where | {
            "position": position, "update": number, "token": 1, "reward": 0.0, "advantage": advantage,
            "log_ratio": log_ratio, "coasting": coasted, "clip_active": active,
        }  # fmt: skip


def shares(*tokens):
    """Point, seed, rollout and the share of each rollout's furthest silenced token."""
    rows = [row for one in tokens for row in one]
    found = carried_share(made_run([{"point": 0, "seed": 0, "rollout": 0, "update": 1}], ratios=rows[::-1]))
    return [[*map(int, where), pytest.approx(share)] for *where, share in found.to_numpy().tolist()]


LATE = (False, True, True)  # silenced from the second update on


def test_what_was_carried_is_counted_from_when_the_token_was_silenced():
    # 0.1 → 0.3 → 0.6: 0.5 after the first update, of which 0.1 + 0.24 were coasting
    assert shares(token((0.1, 0.3, 0.6), (0.05, 0.1, 0.24), LATE)) == [[0, 0, 0, 0.68]]


def test_a_token_that_the_first_update_finds_silenced_began_at_a_ratio_of_one():
    assert shares(token((0.4, 0.5), (0.1, 0.1), (True, True))) == [[0, 0, 0, 0.4]]


def test_only_the_furthest_silenced_token_of_a_rollout_counts():
    found = shares(
        token((0.1, 0.3, 0.6), (0.0, 0.1, 0.1), LATE, completion=0),
        token((0.5, 0.6, 0.7), (0.0, 0.1, 0.1), LATE, completion=1),  # further out, but went only 0.2 silently
        token((0.1, 0.3, 0.5), (0.0, 0.2, 0.2), LATE, completion=0, position=1),
        token((1.0, 2.0, 9.0), (1.0, 1.0, 7.0), (False,) * 3, completion=2),  # never silenced
    )
    assert found == [[0, 0, 0, 0.4]]


def test_a_token_with_a_negative_advantage_goes_down():
    found = shares(
        token((-0.1, -0.3, -0.6), (-0.05, -0.1, -0.3), LATE, advantage=-2.0, completion=0),
        token((0.1, 0.2, 0.3), (0.1, 0.1, 0.1), LATE, advantage=0.5, completion=1),
    )
    # outwards by 0.5, which is further than 0.2; 0.4 of it coasting
    assert found == [[0, 0, 0, 0.8]]


def test_a_token_that_comes_back_in_between_is_not_counted_there():
    # silenced at the second and the fourth update: 0.2 + 0.1, of which 0.1 + 0.1 were coasting
    assert shares(token((0.2, 0.4, 0.1, 0.2), (0.2, 0.1, -0.3, 0.1), (False, True, False, True))) == [[0, 0, 0, 2 / 3]]


def test_every_seed_rollout_and_point_has_its_own():
    found = shares(
        token((0.1, 0.3), (0.0, 0.2), (False, True), seed=0, rollout=0),
        token((0.1, 0.3), (0.0, 0.1), (False, True), seed=0, rollout=4),
        token((0.1, 0.5), (0.0, 0.1), (False, True), seed=1, rollout=0),
        token((0.1, 0.5), (0.0, 0.4), (False, True), point=1, seed=1, rollout=0),
        token((0.1, 0.5), (0.0, 0.4), (False, False), point=1, seed=1, rollout=4),  # nothing silenced: no share
    )
    assert found == [[0, 0, 0, 1.0], [0, 0, 4, 0.5], [0, 1, 0, 0.25], [1, 1, 0, 1.0]]


def test_where_nothing_was_silenced_there_is_no_share():
    assert shares(token((0.1, 0.5), (0.0, 0.4), (False, False))) == []


def test_a_silenced_token_that_did_not_move_has_no_share():
    rows = list(token((0.3, 0.3), (0.3, 0.0), (False, True)))
    found = carried_share(made_run([{"point": 0, "seed": 0, "rollout": 0, "update": 1}], ratios=rows))
    assert np.isnan(found["measured"]).tolist() == [True]


def ending(own, theirs, point=0, seed=0, rollout=0, update=2, **more):
    row = {"point": point, "seed": seed, "rollout": rollout, "update": update, "ratio/max": 1.0}
    return row | {"drift/excess_max": own, "twin/drift/excess_max": theirs} | more


def test_what_memory_caused_is_what_the_twin_does_not_have_at_the_end():
    rows = [
        ending(9.0, 1.0, update=1),  # not the end
        ending(0.4, 0.3), ending(0.5, 0.0, rollout=1), ending(0.5, 0.5, seed=1), ending(0.4, 0.5, seed=1, rollout=1),
    ]  # fmt: skip
    found = caused_share(made_run(rows))
    assert found[["seed", "rollout"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    # with more than the twin's, as much, and less
    np.testing.assert_allclose(found["measured"], [0.25, 1.0, 0.0, -0.25], atol=1e-12)


def test_points_end_after_as_many_updates_as_each_has():
    rows = [ending(0.4, 0.1, update=2), ending(0.8, 0.0, point=1, update=2), ending(0.8, 0.6, point=1, update=5)]
    found = caused_share(made_run(rows, points=[{"a": 0}, {"a": 1}]))
    np.testing.assert_allclose(found["measured"], [0.75, 0.25])


def test_without_an_excess_or_a_twin_nothing_was_caused():
    nan = float("nan")
    rows = [ending(0.0, 0.0), ending(0.0, 0.2, seed=1), ending(0.5, nan, seed=2), ending(nan, nan, seed=3)]
    assert caused_share(made_run(rows)).empty


def with_summary(rows, **more):
    run = made_run(rows, **more)
    run.__dict__["summary"] = summarize(run)
    return run


TWO = [{"optimizer": "adam"}, {"optimizer": "lion"}]


def test_the_sentence_is_about_the_variant_with_the_largest_excess():
    rows = [
        ending(0.4, 0.3, point=0, **{"drift/coasting": 0.9}),
        ending(0.8, 0.3, point=1, **{"drift/coasting": 0.978}),
        ending(0.8, 0.1, point=1, seed=1, **{"drift/coasting": 0.978}),
    ]
    # lion: the means over seeds are 0.8 and 0.2, so (0.8 − 0.2)/0.8
    assert memory(with_summary(rows, points=TWO)) == (
        "lion: memory carried 98 % of the way that tokens went after the clip had silenced them, and caused 75 % of "
        "the largest log-ratio beyond the bound, 0.8: without it 0.2 would have come from the crossing step and from "
        "coupling."
    )


def test_a_variant_without_a_twin_is_not_spoken_of():
    rows = [
        ending(0.9, float("nan"), point=0, **{"drift/coasting": 0.9}),
        ending(0.4, 0.3, point=1, **{"drift/coasting": 0.5}),
    ]
    assert memory(with_summary(rows, points=TWO)).startswith("lion: memory carried 50 % ")


def test_over_many_rollouts_the_twin_is_another_policy_and_nothing_is_said_of_causes():
    run = with_summary([ending(0.8, 0.9, **{"drift/coasting": 0.5})])
    run.points.parts["training"][0]["num_rollouts"] = 20
    assert "caused" not in memory(run)
    assert memory(run).endswith(
        "0.8, and 0.9 for its memoryless twin, whose policy has become another one in 20 rollouts."
    )


@pytest.mark.parametrize(
    "row",
    [
        {"drift/excess_max": 0.4, "drift/coasting": 0.9},
        {"drift/excess_max": 0.4, "twin/drift/excess_max": 0.3},
        {"drift/excess_max": 0.4, "twin/drift/excess_max": np.nan, "drift/coasting": 0.9},
        {"drift/excess_max": np.nan, "twin/drift/excess_max": 0.3, "drift/coasting": 0.9},
        {"drift/excess_max": 0.0, "twin/drift/excess_max": 0.0, "drift/coasting": 0.9},
    ],
    ids=["no twin", "not taken apart", "the twin undefined", "all undefined", "nothing beyond the bound"],
)
def test_there_is_no_sentence_about_memory_without_all_it_needs(row):
    assert memory(with_summary([{"point": 0, "seed": 0, "rollout": 0, "update": 1, "ratio/max": 1.0} | row])) == ""


AS_GIVEN = "Learning rates are as given: the optimizers are not matched at an equal displacement."


def found(measure, to, rate=0.1):
    return {"found": {"optimizer.learning_rate": rate, measure: 0.01, "to": to}}


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([{"method": "grpo"}, {"method": "gspo"}], ""),
        ([{"optimizer": "adam", "optimizer.b1": 0.9}, {"optimizer": "adam", "optimizer.b1": 0.0}], ""),
        (TWO, AS_GIVEN),
        (
            [{"optimizer": "adam"}, {"optimizer": "sgd", **found("first_update_kl", "adam")}],
            "Learning rates were found that match: KL after the first update = that of adam.",
        ),
        (
            [{"optimizer": "adam", **found("total_kl", 0.05)}, {"optimizer": "sgd", **found("total_kl", 0.05)}],
            "Learning rates were found that match: KL summed over the rollouts = 0.05.",
        ),
        (
            [found("first_update_ratio", 1.25)],  # one optimizer alone: its rate was found all the same
            "Learning rates were found that match: largest ratio after the first update = 1.25.",
        ),
        (
            [{"optimizer": "a", **found("total_kl", 0.05)}, {"optimizer": "b", **found("first_update_kl", "a")}],
            "Learning rates were found that match: KL summed over the rollouts = 0.05; KL after the first update = "
            "that of a.",
        ),
        (
            [*TWO, {"optimizer": "adan"}, {"optimizer": "sgd", **found("total_kl", "adam")}],
            "Learning rates were found that match: KL summed over the rollouts = that of adam. "
            "Not matched: lion, adan.",
        ),
    ],
)
def test_a_page_says_how_learning_rates_were_chosen_where_optimizers_are_compared(points, sentence):
    assert fairness(made_run(points=points)) == sentence


def test_a_recorded_metric_is_read_as_declared_and_means_what_it_declares():
    run = made_run()
    assert reading(run, "ratio/max") == " at the end of a rollout"
    assert reading(run, "drift/coasted") == " summed over a rollout's updates"
    assert reading(run, "return/exact") == " at the end of the run"
    assert reading(run, "update/norm") == " on average over all updates"
    assert meaning(run, "ratio/max") == "what ratio/max is"


def test_every_derived_quantity_has_a_meaning_and_no_reading():
    run = made_run()
    assert meaning(run, "braking_distance") == (
        "all updates that a run makes after its last gradient, summed, in units of the last one with a gradient"
    )
    assert meaning(run, "local_elasticity").startswith("d ln ‖Δθ‖ / d ln scale of the very first update between")
    for name in QUANTITIES:
        assert reading(run, name) == ""
        told = meaning(run, name)
        assert len(told) > 30 and "\n" not in told and not told.endswith(".")


def test_no_derived_quantity_has_the_name_of_a_metric():
    assert not set(QUANTITIES) & set(READINGS)
