"""What memory did: carried, caused, coasted, left by earlier rollouts."""

import pytest

from tests.analysis.explaining.frames import seeds, told

CARRIED = {
    "drift/crossing": 0.008, "drift/silent": 0.092, "drift/coasted": 0.09, "drift/coupled": 0.002,
    "drift/excess_mean": 0.1,
}  # fmt: skip


def moved(**changes):
    """Two seeds whose mean excess is 0.1, all but the crossing made while silenced."""
    return seeds(CARRIED | {name.replace("_", "/", 1): value for name, value in changes.items()}, {}, {})


def test_the_share_after_silence_is_what_the_crossing_step_is_not():
    (found,) = told("moved_after_silence", moved())
    # 1 − 0.008 / 0.1
    assert found.says.startswith("92 % of the movement past the clip bound came from updates made after the token's")
    assert "most of it from the optimizer's memory" in found.says
    assert found.looked_at["share"] == pytest.approx(0.92)


def test_half_of_it_is_most_of_it_and_less_is_not():
    half = {"drift_crossing": 0.05, "drift_silent": 0.05, "drift_coasted": 0.0, "drift_coupled": 0.05}
    (found,) = told("moved_after_silence", moved(**half))
    assert found.says.startswith("50 %") and "most of it from coupling to other tokens" in found.says
    less = {"drift_crossing": 0.0501, "drift_silent": 0.0499, "drift_coasted": 0.0499}
    assert not told("moved_after_silence", moved(**less))


def test_where_no_cause_has_most_of_it_none_is_said_to():
    (found,) = told("moved_after_silence", moved(drift_coasted=0.046, drift_coupled=0.046))
    assert "most of it" not in found.says


def test_parts_that_do_not_add_up_say_nothing():
    # a stale rollout begins with an excess
    assert not told("moved_after_silence", moved(drift_excess_mean=0.15))
    assert not told("moved_after_silence", moved(), rollouts={"kind": "sampled", "staleness": 1})


def test_an_excess_whose_interval_reaches_zero_says_nothing():
    # 0.1 in one of three seeds, none in the others: 0.033 ± 0.143
    nothing = dict.fromkeys(CARRIED, 0.0)
    assert not told("moved_after_silence", seeds(CARRIED, {}, nothing, nothing))
    assert not told("moved_after_silence", seeds({name: value / 101 for name, value in CARRIED.items()}, {}, {}))


def over_twin(*over, **more):
    row = {"drift/excess_max": 0.4, "twin/drift/excess_max": 0.3, "drift/coasting": 0.97, "update/norm": 1.0}
    rows = seeds(row, *({"drift/over_twin": value} for value in over))
    return told("memory_carried_and_caused", rows, points=[{"optimizer": "adam"}], **more)


def test_carried_and_caused_are_told_where_the_difference_to_the_twin_is_certain():
    (found,) = over_twin(0.1, 0.11, 0.09)
    assert found.says.startswith("adam: memory carried 97 % of the way") and "caused 25 %" in found.says
    assert found.looked_at["drift/over_twin"] == pytest.approx(0.1)


def test_a_difference_to_the_twin_that_may_be_chance_is_not_told():
    assert not over_twin(0.3, 0.1, -0.1)  # 0.1 ± 0.5
    assert not over_twin(0.1)  # one seed


def stretch(*sizes, grads=None, point=0, seed=0):
    """One rollout: updates of such sizes, the first with a gradient, the others without."""
    return [
        {"point": point, "seed": seed, "update": update, "grad/norm": 1.0 if update == 1 else 0.0, "update/norm": size}
        for update, size in enumerate(sizes, start=1)
    ]


LONG = {"epochs": 5}


def test_an_optimizer_that_fades_has_a_half_life():
    (found,) = told("coasting", stretch(2.0, 1.6, 1.2, 0.9, 0.4), training=LONG)
    # 0.8, 0.6, 0.45 of the last with a gradient: the third is the first that is no more than half
    assert "its first update without one is 80 % of the last with one, and after 3 of 4 updates" in found.says
    assert found.looked_at["half-life in updates"] == 3


def test_an_optimizer_that_does_not_fade_has_none():
    (found,) = told("coasting", stretch(2.0, 2.0, 2.0, 2.0, 1.96), training=LONG)
    assert "after 4 updates without a gradient it still makes 98 % of the last one with" in found.says


def test_without_memory_nothing_coasts():
    assert not told("coasting", stretch(2.0, 0.0, 0.0), training=LONG)
    assert not told("coasting", stretch(2.0, 0.099, 0.0), training=LONG)  # less than 5 %
    assert told("coasting", stretch(2.0, 0.1, 0.0), training=LONG)


def test_one_update_without_a_gradient_is_no_stretch():
    assert not told("coasting", stretch(2.0, 1.8), training=LONG)


def test_a_gradient_that_only_becomes_small_is_one():
    rows = [row | {"grad/norm": 1e-12} for row in stretch(2.0, 1.8, 1.6)]
    assert not told("coasting", rows, training=LONG)


def test_stretches_that_few_seeds_reach_do_not_count():
    # of three seeds one goes on to 5: what is said is of the updates that at least half of them have
    rows = [*stretch(1.0, 0.9, 0.8), *stretch(1.0, 0.9, 0.8, seed=1), *stretch(1.0, 0.9, 0.8, 0.1, 0.1, seed=2)]
    (found,) = told("coasting", rows, training=LONG)
    assert found.looked_at["updates without a gradient"] == 2 and found.looked_at["left"] == pytest.approx(0.8)


def earlier(left, whole=1.0, **training):
    row = {"update/earlier_norm": left, "update/norm": whole}
    rows = seeds(row, {}, {}) + seeds(row | {"rollout": 1}, {}, {})
    return told("momentum_of_earlier_rollouts", rows, training={"num_rollouts": 2} | training)


def test_momentum_of_earlier_rollouts_is_told_from_a_quarter_on():
    (found,) = earlier(0.25)
    assert "has a norm of 0.25, the whole update 1" in found.says
    assert not earlier(0.249)


def test_within_one_rollout_and_with_more_updates_it_is_not_told():
    assert not earlier(0.5, num_rollouts=1)
    assert not earlier(0.5, epochs=2)


def test_an_undefined_part_is_not_told():
    assert not earlier(float("nan"))
