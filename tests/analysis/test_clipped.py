"""When everything is clipped and how long tokens are outside, on frames made by hand."""

import numpy as np
import pytest

from analysis.quantities.clipped import first_all_clipped, time_outside
from tests.analysis.made import READINGS, made_run


def updates(active, outside=None, grads=None, point=0, seed=0, rollout=0):
    """One rollout's rows, update by update."""
    count = len(active)
    for number, (clipped, out, grad) in enumerate(
        zip(active, outside or [0.0] * count, grads or [1.0] * count, strict=True), start=1
    ):
        yield {
            "point": point, "seed": seed, "rollout": rollout, "update": number,
            "clip/active": clipped, "clip/outside": out, "grad/norm": grad,
        }  # fmt: skip


def made(*rollouts, points=({},)):
    run = made_run([row for rollout in rollouts for row in rollout], points=points)
    run.manifest["metrics"]["clip/outside"] = {**run.manifest["metrics"]["clip/active"], "name": "clip/outside"}
    return run


def listed(frame):
    return [[*map(int, where), pytest.approx(value, nan_ok=True)] for *where, value in frame.to_numpy().tolist()]


NAN = float("nan")


def test_the_first_update_at_which_every_token_is_clipped_counts_from_one():
    found = first_all_clipped(made(updates([0.0, 0.5, 1.0, 1.0])))
    assert listed(found) == [[0, 0, 0, 3.0]]


def test_a_rollout_that_is_never_all_clipped_has_none():
    found = first_all_clipped(made(updates([0.0, 0.5, 0.9]), updates([0.0, 1.0, 0.5], rollout=1)))
    assert listed(found) == [[0, 0, 0, NAN], [0, 0, 1, 2.0]]


def test_tokens_of_groups_without_signal_had_no_gradient_to_lose():
    # half of the tokens are of a group whose rewards are all equal: the other half is clipped at the third update
    found = first_all_clipped(made(updates([0.0, 0.25, 0.5], grads=[1.0, 0.4, 0.0])))
    assert listed(found) == [[0, 0, 0, 3.0]]


def test_a_rollout_without_any_signal_was_not_clipped():
    assert listed(first_all_clipped(made(updates([0.0, 0.0], grads=[0.0, 0.0])))) == [[0, 0, 0, NAN]]


def test_a_kl_term_keeps_the_gradient_but_not_the_tokens():
    assert listed(first_all_clipped(made(updates([0.5, 1.0], grads=[1.0, 0.3])))) == [[0, 0, 0, 2.0]]


def test_every_point_and_seed_has_its_own():
    run = made(
        updates([1.0, 1.0], seed=1),
        updates([0.0, 1.0], seed=0),
        updates([0.0, 1.0], point=1),
        points=[{"a": 1}, {"a": 2}],
    )
    assert sorted(listed(first_all_clipped(run)), key=lambda row: row[:3]) == [
        [0, 0, 0, 2.0], [0, 1, 0, 1.0], [1, 0, 0, 2.0],
    ]  # fmt: skip


def test_the_time_outside_is_the_sum_over_a_rollouts_updates():
    run = made(
        updates([0.0] * 4, outside=[0.0, 0.25, 0.5, 1.0]),  # 1.75 updates of four
        updates([0.0] * 4, outside=[0.0, 0.0, 0.0, 0.5], rollout=1),
        updates([0.0] * 4, outside=[0.0, 1.0, 1.0, 1.0], seed=1),
    )
    assert listed(time_outside(run)) == [[0, 0, 0, 1.75], [0, 0, 1, 0.5], [0, 1, 0, 3.0]]


def test_where_there_is_no_band_there_is_no_time_outside_it():
    run = made(updates([0.0, 0.0], outside=[NAN, NAN]))
    assert np.isnan(time_outside(run)["measured"]).tolist() == [True]


def test_the_metrics_that_are_made_here_are_those_of_the_simulator():
    from simulator.probes import PROBES

    declared = PROBES.metrics()

    assert declared["clip/active"].reading == READINGS["clip/active"] == declared["clip/outside"].reading
