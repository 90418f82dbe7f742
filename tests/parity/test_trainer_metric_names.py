"""TRL's own trainer at work, and what `--metric-names trl` makes of our run on its completions: key for key the same.

`make parity` runs this. verl's, OpenRLHF's and torchrl's keys are held against their expressions in
tests/analysis/exports/test_trainer_names.py.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import simulator as sim
from analysis.exports import TRAINERS
from analysis.exports.selection import select
from analysis.exports.tables import INTEGERS
from analysis.exports.trainer_names.rows import trainer_rows
from simulator.dialects.trl import TRL
from simulator.parts import to_plain
from simulator.replaying import replay
from tests.analysis.made import made_run
from tests.parity.test_trl import BASE, OPTIONS, recorded

CASES = {
    "token": {"loss_type": "grpo", "learning_rate": 0.1},
    "token, wider above": {"loss_type": "dapo", "epsilon": 0.1, "epsilon_high": 0.28, "scale_rewards": "batch"},
    "sequence": {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon": 0.03},
    "delta": {"loss_type": "bnpo", "delta": 1.3, "epsilon": 0.1, "learning_rate": 0.2},
    "CISPO": {"loss_type": "cispo", "epsilon_high": 1.1},
    "CISPO by the sequence's ratio": {
        "loss_type": "cispo",
        "epsilon_high": 1.01,
        "importance_sampling_level": "sequence",
    },
    "VESPO": {"loss_type": "vespo"},
    "SAPO": {"loss_type": "sapo"},
    "KL and entropy": {"loss_type": "dr_grpo", "beta": 0.04, "entropy_coef": 0.05},
    "three prompts, groups of five": {"loss_type": "dapo", "num_prompts": 3, "group_size": 5},
    "two sources": {"loss_type": "grpo", "num_sources": 2},
}
TOLERANCE = 1e-6  # tokens are kept in single precision


@cache
def both(name):
    """(TRL's metrics by name [I, K], the export's rows)."""
    config = BASE | CASES[name]
    recording = recorded(config, float64=True)
    method = TRL(**{key: value for key, value in config.items() if key in OPTIONS})
    experiment = sim.Experiment(
        environment=sim.environments.RecordedEnvironment(),
        policy=sim.policies.Tabular(),
        method=method,
        optimizer=sim.optimizer(
            "adamw", learning_rate=config["learning_rate"], weight_decay=0.0, max_grad_norm=1.0, max_grad_norm_eps=1e-6
        ),
        training=sim.Training(
            num_rollouts=len(recording.tokens),
            group_size=config.get("group_size", 4),
            epochs=config["num_iterations"],
        ),
        record=sim.Record(probes=("update", "entropy"), ratios=sim.Stride()),
    )
    rollouts = {name: getattr(recording, name) for name in ("tokens", "mask", "prompts", "rewards", "initial_logits")}
    _, trace = replay(experiment, rollouts)
    return recording, exported(trace, to_plain(method.surrogate()))


def exported(trace, surrogate) -> pd.DataFrame:
    """The trace as the tables of a run, and TRL's keys of that."""
    mask = np.asarray(trace.tokens.mask)  # [I, P, G, T]
    log_ratio = np.asarray(trace.tokens.log_ratio, dtype=np.float32)  # [I, K, P, G, T]
    shape = log_ratio.shape
    where = np.nonzero(np.broadcast_to(mask[:, None], shape))
    rollout, update, prompt, completion, position = where
    ratios = {
        "point": 0 * rollout,
        "seed": 0,
        "rollout": rollout,
        "update": update + 1,
        "prompt": prompt,
        "completion": completion,
        "position": position,
        "token": 0,
        "reward": np.asarray(trace.tokens.rewards)[rollout, prompt, completion],
        "advantage": np.asarray(trace.tokens.advantages)[rollout, prompt, completion],
        "log_ratio": log_ratio[where],
        "clip_active": False,
    }
    rollout, update = (each.reshape(-1) for each in np.indices(shape[:2]))
    names = ("grad/norm", "objective", "entropy")
    metrics = {name: np.asarray(trace.metrics[name]).reshape(-1) for name in names}
    updates = {"point": 0 * rollout, "seed": 0, "rollout": rollout, "update": update + 1, **metrics}
    run = made_run(updates, ratios, surrogate=surrogate)
    selection = select(run, (), {}, INTEGERS["updates"])
    source = trainer_rows(run, TRAINERS["trl"], selection, None)
    return pd.concat([piece.to_pandas() for _, piece in source.pieces()], ignore_index=True)


@pytest.mark.parametrize("name", CASES)
def test_every_key_has_trls_own_value(name):
    recording, rows = both(name)
    shape = recording.loss.shape
    compared = 0
    for key in (each.name for each in TRAINERS["trl"].keys if each.name in rows):
        ours = rows[key].to_numpy().reshape(shape)
        theirs = recording.loss if key == "loss" else recording.metrics[key]
        known = ~np.isnan(ours) & ~np.isnan(theirs)  # TRL logs what is of a rollout at its first step alone
        assert known.any()
        np.testing.assert_allclose(ours[known], theirs[known], rtol=TOLERANCE, atol=TOLERANCE, err_msg=key)
        compared += 1
    assert compared >= 9


@pytest.mark.parametrize("name", CASES)
def test_trl_logs_no_metric_of_ratios_that_is_missing(name):
    recording, rows = both(name)
    of_ratios = {key for key in recording.metrics if key.startswith(("clip_ratio/", "cispo", "vespo"))}
    assert of_ratios <= set(rows.columns)
    assert {key.name for key in TRAINERS["trl"].keys if key.name.startswith(("clip_ratio/", "cispo", "vespo"))} & set(
        rows.columns
    ) == of_ratios


def test_the_cases_clip_on_both_sides():
    for name in ("token", "sequence"):
        recording, _ = both(name)
        assert recording.metrics["clip_ratio/low_mean"].max() > 0.02
        assert recording.metrics["clip_ratio/high_mean"].max() > 0.02
