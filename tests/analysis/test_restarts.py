"""The first update of a rollout, on frames made by hand."""

import numpy as np
import pytest

from analysis.claims import cases
from analysis.quantities.restarts import restart_update
from tests.analysis.made import ADAM, full_claim, made_run

RATE = 0.01  # four logits: a step of one learning rate in each has a size of 0.02


def update(rollout, number, size, point=0, seed=0):
    return {"point": point, "seed": seed, "rollout": rollout, "update": number, "update/norm": size}


def adam(state, b2=0.999, **more):
    return {"experiment": {"optimizer": ADAM | {"state": state, "b2": b2, "learning_rate": RATE} | more}}


def test_the_last_rollouts_first_update_is_counted_in_learning_rates_a_logit():
    rows = [update(0, 1, 0.02), update(0, 2, 0.07), update(1, 1, 0.03), update(1, 2, 0.09)]
    found = restart_update(made_run(rows, points=[adam("keep")]))
    assert found[["point", "seed", "measured"]].to_numpy().tolist() == [[0, 0, pytest.approx(1.5)]]


def test_every_point_has_its_own_last_rollout_and_every_seed_counts():
    rows = [update(0, 1, 0.02), update(0, 1, 0.04, seed=1), update(0, 1, 0.02, point=1), update(7, 1, 0.06, point=1)]
    found = restart_update(made_run(rows, points=[{"a": 0, **adam("keep")}, {"a": 1, **adam("keep")}]))
    assert found[["point", "seed"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0]]
    np.testing.assert_allclose(found["measured"], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("state", "b2", "factor"),
    [
        ("keep", 0.999, 1.0),
        ("reset", 0.999, 1.0),
        ("reset_first_moment", 0.999, 0.1),  # 1 − b1
        ("reset_count", 0.999, 0.316228),  # √(1 − 0.999)/(1 − 0.9) = √0.1
        ("reset_count", 0.95, 2.236068),  # √0.05/0.1 = √5
    ],
)
def test_the_closed_form_is_that_of_what_became_of_the_state(state, b2, factor):
    found = restart_update(made_run([update(0, 1, 0.02)], points=[adam(state, b2)]))
    assert found["closed_form"].tolist() == [pytest.approx(factor, rel=1e-6)]


def test_another_optimizer_is_measured_but_not_predicted():
    found = restart_update(made_run([update(0, 1, 0.06)], points=[adam("reset", name="lion")]))
    assert found["measured"].tolist() == [pytest.approx(3.0)] and np.isnan(found["closed_form"]).all()


@pytest.mark.parametrize(
    "experiment",
    [
        {"optimizer": ADAM | {"learning_rate": {"kind": "cosine_decay_schedule", "init_value": 0.1}}},
        {"environment": {"kind": "bandit", "rewards": [[1.0, 0.0], [0.0, 1.0]]}},
        {"environment": {"kind": "token_tree", "vocab_size": 4}},
    ],
    ids=["a schedule", "two rows", "no rows"],
)
def test_without_a_rate_or_a_table_of_one_row_there_is_no_unit(experiment):
    found = restart_update(made_run([update(0, 1, 0.06)], **experiment))
    assert np.isnan(found["measured"]).tolist() == [True]


def test_a_claim_is_put_to_what_has_a_unit_and_a_closed_form():
    points = [{"optimizer": "adam", **adam("reset_first_moment")}, {"optimizer": "lion", **adam("keep", name="lion")}]
    rows = [update(0, 1, 0.002, seed=0), update(0, 1, 0.006, seed=1), update(0, 1, 0.02, point=1)]
    claim = full_claim({"metric": "restart_update", "predicted": "first_update_after"})
    found = cases(made_run(rows, points=points), claim)
    # 0.1 and 0.3 learning rates, over seeds
    assert found[["point", "measured", "predicted"]].to_numpy().tolist() == [
        [0, pytest.approx(0.2), pytest.approx(0.1, rel=1e-6)]
    ]
