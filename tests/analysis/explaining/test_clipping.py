"""Why a clip did not act: said where it is so, and not where it only looks like it."""

from tests.analysis.explaining.frames import SURROGATE, told

SEEN = {"clip/active": 0.0, "ratio/max": 1.5, "ratio/min": 0.9}
MANY = {"epochs": 2}


def rollout(*largest, active=0.0, smallest=0.9):
    """The updates of a rollout that leave such largest ratios."""
    return [
        {"update": update, "clip/active": active, "ratio/max": ratio, "ratio/min": smallest}
        for update, ratio in enumerate(largest, start=1)
    ]


def test_with_one_update_a_rollout_a_clip_cannot_act():
    (found,) = told("clip_cannot_act", [SEEN, SEEN | {"seed": 1, "ratio/max": 1.75}])
    assert found.says.startswith("clip/active is 0 because each rollout has one update") and "is 1.75." in found.says
    assert found.looked_at == {"updates per rollout": 1, "clip/active, largest": 0.0, "ratio/max, largest": 1.75}
    assert found.link == "docs/theory.md#one-update-a-rollout"


def test_a_cap_below_one_acts_with_one_update_a_rollout_too():
    assert not told("clip_cannot_act", [SEEN, SEEN | {"seed": 1, "clip/active": 0.01}])


def test_with_two_updates_a_rollout_it_could_have_acted():
    assert not told("clip_cannot_act", rollout(1.1, 1.5), training=MANY)
    assert not told("clip_cannot_act", [SEEN], training={"minibatches": 2})


def test_stale_and_recorded_rollouts_do_not_begin_at_ratios_of_one():
    assert not told("clip_cannot_act", [SEEN], rollouts={"kind": "sampled", "staleness": 2})
    assert not told("clip_cannot_act", [SEEN], rollouts={"kind": "recorded"})
    assert told("clip_cannot_act", [SEEN], rollouts={"kind": "sampled", "staleness": 0})


def test_only_the_variants_with_one_update_are_named():
    points = [{"training": "1 update"}, {"training": "2 updates", "experiment": {"training": {"num_rollouts": 1,
               "epochs": 2, "minibatches": 1}}}]  # fmt: skip
    rows = [SEEN | {"point": 0}, *(row | {"point": 1} for row in rollout(1.1, 1.5))]
    (found,) = told("clip_cannot_act", rows, points=points)
    assert found.variants == ("1 update",) and found.says.startswith("1 update: clip/active is 0")


def test_a_run_whose_ratios_stay_in_the_band_is_not_clipped():
    (found,) = told("clip_never_reached", rollout(1.1, 1.2), training=MANY, surrogate=SURROGATE)
    assert "each rollout has 2 updates" in found.says and "is 1.2 (bound 1.2), the smallest 0.9" in found.says
    assert found.looked_at["ratio/max, largest"] == 1.2


def test_one_ratio_beyond_either_bound_and_nothing_is_said():
    assert not told("clip_never_reached", rollout(1.1, 1.2001), training=MANY, surrogate=SURROGATE)
    assert not told("clip_never_reached", rollout(1.1, 1.1, smallest=0.799), training=MANY, surrogate=SURROGATE)


def test_a_sequences_ratio_is_not_a_tokens():
    sequence = SURROGATE | {"level": {"kind": "sequence"}}
    assert not told("clip_never_reached", rollout(1.1, 1.1), training=MANY, surrogate=sequence)


def test_with_one_update_that_the_ratios_stay_inside_is_no_reason():
    assert not told("clip_never_reached", rollout(1.1), surrogate=SURROGATE)
