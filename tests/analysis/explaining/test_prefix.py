"""What a whole group shares: pushed by unequal weights, or not."""

import pytest

from tests.analysis.explaining.frames import SURROGATE, told

NAN = float("nan")


def prefix(weights, share=0.1, reduction="sequence_mean", advantage="group_mean"):
    rows = [
        {"rollout": rollout, "prefix/weight": weight, "prefix/grad_share": share}
        for rollout, weight in enumerate(weights)
    ]
    surrogate = SURROGATE | {"reduction": {"kind": reduction}, "advantage": {"kind": advantage}}
    return told("shared_prefix_pushed", rows, surrogate=surrogate)


def test_weights_of_one_over_length_push_what_a_group_shares():
    (found,) = prefix([0.2, -0.4, NAN])  # up in one group, down in another: 0.3 on average
    assert "|W| = |Σ ω A| is 0.3 on average and makes 10 % of the gradient's norm" in found.says
    assert found.looked_at["mean |prefix/weight|"] == pytest.approx(0.3)


def test_a_push_of_less_than_a_hundredth_of_the_gradient_is_not_spoken_of():
    assert prefix([0.2], share=0.0101) and not prefix([0.2], share=0.0099)


@pytest.mark.parametrize("reduction", ["token_mean", "constant_length", "sequence_sum"])
def test_equal_weights_cancel(reduction):
    (found,) = prefix([1e-17, -1e-17], reduction=reduction)
    assert "cancel: |W| is never above 1e-09, since all completions of a group weigh the same" in found.says


def test_one_push_that_does_not_cancel_and_nothing_is_said_to():
    assert not prefix([1e-17, 1e-8], reduction="token_mean")


def test_recentred_advantages_cancel_unequal_weights():
    (found,) = prefix([1e-17], advantage="recentred")
    assert "since the advantages are centred with the weights" in found.says


def test_a_cancellation_without_a_known_reason_is_not_explained():
    assert not prefix([0.0])


def test_without_a_group_mean_neither_weights_nor_their_equality_explain_anything():
    assert not prefix([0.2], advantage="reward")
    assert not prefix([0.0], reduction="token_mean", advantage="reward")


def test_where_nothing_is_shared_nothing_is_said():
    assert not prefix([NAN, NAN], reduction="token_mean")
