"""What is said of a run that was simulated, worked out again from its recorded tokens."""

import numpy as np
import pytest

import analysis
from analysis.explaining import explanations
from simulator.runs import run
from tests.small import tables

CLIP = 0.2


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    scenario = tables(
        environment={"kind": "bandit", "rewards": [[1.0, 0.0, 0.0]]},
        optimizer={"name": "adam", "learning_rate": 0.05},
        training={"num_rollouts": 1, "group_size": 6, "epochs": 20, "seeds": 4},
        rollouts={"kind": "fixed", "completions": [[[0], [0], [1], [1], [2], [2]]]},
        record={"ratios": {"every": 1}, "twin": True},
    )
    return analysis.complete(run(scenario, out=tmp_path_factory.mktemp("runs")))


def said(finished, rule):
    return next(each for each in explanations(finished, most=None) if each.rule == rule)


def test_the_share_past_the_bound_is_that_of_the_recorded_tokens(finished):
    tokens = finished.ratios[finished.ratios["seed"] == 0].sort_values(["completion", "update"])
    good = tokens["advantage"] > 0
    beyond = np.where(good, tokens["log_ratio"] - np.log(1 + CLIP), np.log(1 - CLIP) - tokens["log_ratio"])
    tokens = tokens.assign(excess=np.maximum(beyond, 0.0))
    gained = tokens.groupby("completion")["excess"].diff().fillna(tokens["excess"])
    silenced = tokens["clip_active"]
    # the excess that updates added while they found the token silenced, over all of it
    share = gained[silenced].sum() / gained.sum()
    assert 0.5 < share < 1
    assert said(finished, "moved_after_silence").looked_at["share"] == pytest.approx(share, rel=1e-6)


def test_the_half_life_is_that_of_the_recorded_updates(finished):
    rows = finished.updates[finished.updates["seed"] == 0].sort_values("update")
    sizes, grads = rows["update/norm"].to_numpy(), rows["grad/norm"].to_numpy()
    last = int(np.flatnonzero(grads > 0)[-1])
    left = sizes[last + 1 :] / sizes[last]
    found = said(finished, "coasting").looked_at
    assert found["first update without a gradient"] == pytest.approx(left[0])
    assert found["half-life in updates"] == 1 + int(np.flatnonzero(left <= 0.5)[0])
