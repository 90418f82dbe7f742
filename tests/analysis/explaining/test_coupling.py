"""Tokens beyond the bound without memory, and by weight decay."""

import pytest

from tests.analysis.explaining.frames import SURROGATE, seeds, told

ROW = {
    "drift/excess_mean": 0.08, "drift/coupled": 0.06, "drift/coasted": 0.0, "update/coasting_norm": 0.0,
    "ratio/max": 1.615,
}  # fmt: skip
EACH_ARM = {"kind": "fixed", "completions": [[[0], [1], [2], [3]]]}
START = {"kind": "tabular", "start": "zeros", "bias": None, "initial_logits": None}


def coupled(rows=None, **more):
    return told("coupling_alone", rows or seeds(ROW, {}, {}), surrogate=SURROGATE, **more)


def test_without_memory_coupling_is_what_carries():
    (found,) = coupled()
    assert "ratios pass the bound all the same, up to 1.61" in found.says and "predicts" not in found.says
    assert found.looked_at["drift/coupled"] == pytest.approx(0.06)


def test_where_every_arm_was_sampled_the_softmax_predicts_the_ratio():
    (found,) = coupled(rollouts=EACH_ARM, policy=START)
    # π = 1/4: 1 + 0.2 · 3 = 1.6
    assert "predicts 1 + clip_low (1 − π)/π = 1.6, and 1.61 is what is left at the end" in found.says
    assert found.looked_at["predicted ratio"] == pytest.approx(1.6)


@pytest.mark.parametrize(
    "changed",
    [
        {"rollouts": {"kind": "fixed", "completions": [[[0], [1], [1], [3]]]}},  # an arm is missing
        {"training": {"num_rollouts": 2}},
        {"environment": {"kind": "bandit", "rewards": [[1.0, 0.0, 0.5, 0.0]]}},
    ],
)
def test_where_the_closed_form_does_not_hold_it_is_left_out(changed):
    (found,) = coupled(**({"rollouts": EACH_ARM, "policy": START} | changed))
    assert "predicts" not in found.says


def test_an_optimizer_that_ever_coasts_is_not_spoken_of():
    assert not coupled(seeds(ROW, {}, {"update/coasting_norm": 1e-6}))


def test_coupling_of_less_than_a_tenth_is_not_spoken_of():
    assert coupled(seeds(ROW | {"drift/coupled": 0.0081}, {}, {}))
    assert not coupled(seeds(ROW | {"drift/coupled": 0.0079}, {}, {}))


def test_coupling_that_may_be_chance_is_not_spoken_of():
    assert not coupled(seeds(ROW, {"drift/coupled": 0.12}, {"drift/coupled": 0.0}))


def test_a_regulariser_pushes_silenced_tokens_too():
    kl = SURROGATE | {"kl": {"coef": 0.1}}
    assert not told("coupling_alone", seeds(ROW, {}, {}), surrogate=kl)


def decayed(value, *more, curved=0.0):
    row = {"drift/decayed": value, "drift/coasted": 0.095, "drift/coupled": 0.0, "drift/curved": curved}
    return told("decay_moves_silenced", seeds(row, {}, *(more or ({},))))


def test_decay_is_told_from_five_per_cent_on():
    (found,) = decayed(-0.0051)
    assert "Weight decay moves tokens that the clip has silenced, back to the band: −0.0051" in found.says
    assert "outwards" in decayed(0.0051)[0].says
    assert not decayed(-0.0049)


def test_decay_either_way_by_chance_is_not_told():
    assert not decayed(-0.02, {"drift/decayed": 0.01})
