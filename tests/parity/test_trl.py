"""Update for update what TRL's own trainer does: parameters, ratios, loss and clip fractions of every optimizer step.

A bigram language model is a tabular policy, so `trl.GRPOTrainer` trains one on the CPU (tests/parity/trl_trainer.py);
its completions and rewards are replayed here with the same options under the same names. `make parity` runs this.
"""

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import simulator as sim
from simulator.dialects.trl import TRL
from simulator.probes.base import PROBES, Metric
from simulator.replaying import replay
from tests.parity.trl_trainer import Recording, record

V = 6
TABLE = 0.5 * np.random.default_rng(3).normal(size=(V, V))
REFERENCE = TABLE + 0.3 * np.random.default_rng(4).normal(size=(V, V))
OPTIONS = {field.name for field in fields(TRL)}
BASE = {"learning_rate": 0.05, "num_iterations": 4}  # forty updates, which move the table by more than 1

if "table" not in PROBES:  # what a test wants to see of every update, and no run records

    @PROBES.add(Metric("table", "the logits after the update", "after"))
    def table(step):
        """The parameters after the update."""
        return {"table": step.params["logits"]}


LOSSES = ("grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo")
CASES = {
    **{f"{loss}, token": {"loss_type": loss} for loss in LOSSES},
    **{f"{loss}, sequence": {"loss_type": loss, "importance_sampling_level": "sequence"} for loss in LOSSES},
    **{f"scale_rewards {scale}": {"loss_type": "grpo", "scale_rewards": scale} for scale in ("group", "batch", "none")},
    **{f"mu {mu}": {"loss_type": "grpo", "num_iterations": mu, "num_rollouts": 40 // mu} for mu in (1, 8)},
    "decoupled weight decay": {"loss_type": "grpo", "weight_decay": 0.1},
    "the gradient's norm is clipped": {"loss_type": "grpo", "max_grad_norm": 0.05},
    "CISPO with the recommended cap": {"loss_type": "cispo", "epsilon_high": 5.0},
    "CISPO by the sequence's ratio": {
        "loss_type": "cispo",
        "epsilon_high": 1.01,
        "importance_sampling_level": "sequence",
    },
    "a wider upper clip": {"loss_type": "dapo", "epsilon": 0.1, "epsilon_high": 0.28},
    "delta": {"loss_type": "grpo", "delta": 1.3, "epsilon": 0.1, "learning_rate": 0.2},
    "KL, weighted by the ratio": {"loss_type": "grpo", "beta": 0.04},
    "KL, not weighted": {"loss_type": "grpo", "beta": 0.04, "use_bias_correction_kl": False},
    "KL by the sequence's ratio": {"loss_type": "grpo", "beta": 0.04, "importance_sampling_level": "sequence"},
    "KL beside VESPO's own ratio": {"loss_type": "vespo", "beta": 0.04},
    "KL with the batch's tokens": {"loss_type": "dapo", "beta": 0.1},
    "KL at one update a rollout": {"loss_type": "grpo", "beta": 0.04, "num_iterations": 1, "num_rollouts": 40},
    "off-policy mask": {"loss_type": "grpo", "off_policy_mask_threshold": 0.02, "learning_rate": 0.1},
    "entropy bonus": {"loss_type": "grpo", "entropy_coef": 0.05},
    "two sources": {"loss_type": "grpo", "num_sources": 2},
    "GDPO": {"loss_type": "grpo", "num_sources": 3, "multi_objective_aggregation": "normalize_then_sum"},
    "GDPO, batch": {
        "loss_type": "dapo",
        "num_sources": 2,
        "multi_objective_aggregation": "normalize_then_sum",
        "reward_weights": [1.0, 0.25],
    },
    "SAPO at other temperatures": {"loss_type": "sapo", "sapo_temperature_pos": 0.5, "sapo_temperature_neg": 3.0},
    "VESPO at other powers": {"loss_type": "vespo", "vespo_k_pos": 1.0, "vespo_lambda_neg": 0.5},
    "three prompts, groups of five": {"loss_type": "dapo", "num_prompts": 3, "group_size": 5},
}


@cache
def pair(name: str, float64: bool) -> tuple[Recording, dict, np.ndarray]:
    """What TRL did, and what we do on the same rollouts: (recording, metrics, log-ratios)."""
    config = BASE | CASES[name]
    recording = recorded(config, float64)
    method = {key: value for key, value in config.items() if key in OPTIONS}
    if "reward_weights" in method:
        method["reward_weights"] = np.asarray(np.float32(method["reward_weights"]), float)  # as TRL holds them
    experiment = sim.Experiment(
        environment=sim.environments.RecordedEnvironment(),
        policy=sim.policies.Tabular(),
        method=TRL(**method),
        optimizer=sim.optimizer(
            "adamw",
            learning_rate=config["learning_rate"],
            weight_decay=config.get("weight_decay", 0.0),
            max_grad_norm=config.get("max_grad_norm", 1.0),
            max_grad_norm_eps=1e-6,
        ),
        training=sim.Training(
            num_rollouts=len(recording.tokens),
            group_size=config.get("group_size", 4),
            epochs=config["num_iterations"],
        ),
        record=sim.Record(probes=("table", "update", "clip", "kl"), ratios=sim.Stride()),
    )
    rollouts = {name: getattr(recording, name) for name in ("tokens", "mask", "prompts", "rewards", "initial_logits")}
    _, trace = replay(experiment, rollouts)
    return recording, trace


def recorded(config: dict, float64: bool) -> Recording:
    """A recording; in float32 the first in which no row's pushes cancel when it is first visited.

    Where they do (every completion visits the row as often, and all tokens weigh the same), the exact gradient of the
    tokens that were not said there is zero, and TRL's float32 makes Adam step by what rounding leaves: by 2e-3 here,
    at a learning rate of 0.05. Float64 has no such noise, so its cases agree on any seed.
    """
    for seed in range(50):
        recording = record(TABLE, float64=float64, seed=seed, **config)
        if float64 or min(first_pushes(recording)) > 0.05:
            return recording
    raise AssertionError("no such recording")


def first_pushes(recording: Recording) -> list[float]:
    """|Σ A| over the tokens said in each row of the table, in the first rollout that visits it."""
    before = np.concatenate([recording.prompts[..., None], recording.tokens[..., :-1]], axis=-1)
    advantages = np.broadcast_to(recording.advantages[..., None], before.shape)
    found = {}
    for rows, mask, each in zip(before, recording.mask, advantages, strict=True):
        for row in set(rows[mask].tolist()) - set(found):
            found[row] = abs(each[mask & (rows == row)].sum())
    return list(found.values())


def flat(values: np.ndarray) -> np.ndarray:
    """Groups as one axis: `[…, P, G, T]` to `[…, B, T]`."""
    return values.reshape(*values.shape[:-3], -1, values.shape[-1])


BOTH = [(name, float64) for name in CASES for float64 in (False, True)]
PARAMETERS = {False: 1e-5, True: 1e-9}


@pytest.mark.parametrize(("name", "float64"), BOTH)
def test_every_update_leaves_the_same_parameters(name, float64):
    recording, trace = pair(name, float64)
    moved = np.abs(recording.logits[-1, -1] - recording.initial_logits).max()
    assert moved > 0.5, "a table that hardly moves proves nothing"
    np.testing.assert_allclose(trace.metrics["table"], recording.logits, rtol=0, atol=PARAMETERS[float64])


@pytest.mark.parametrize(("name", "float64"), BOTH)
def test_every_update_has_the_same_ratios(name, float64):
    recording, trace = pair(name, float64)
    mask = recording.mask[:, None]
    theirs = np.where(mask, recording.logprobs - recording.logprobs[:, :1], 0.0)  # before each update
    ours = np.where(mask, flat(trace.tokens.log_ratio), 0.0)  # after each update
    np.testing.assert_allclose(ours[:, :-1], theirs[:, 1:], rtol=0, atol=PARAMETERS[float64])


@pytest.mark.parametrize(("name", "float64"), BOTH)
def test_every_update_has_the_same_loss(name, float64):
    recording, trace = pair(name, float64)
    np.testing.assert_allclose(-trace.metrics["objective"], recording.loss, rtol=0, atol=PARAMETERS[float64])


@pytest.mark.parametrize(("name", "float64"), BOTH)
def test_every_update_clips_the_same_share(name, float64):
    recording, trace = pair(name, float64)
    if "clip_ratio/low_mean" not in recording.metrics:
        assert (
            TRL(**{key: value for key, value in CASES[name].items() if key == "loss_type"}).surrogate().cutter is None
        )
        return
    clipped, mask = flat(trace.tokens.clip_active), recording.mask[:, None]
    advantages = trace.tokens.advantages.reshape(len(clipped), 1, -1, 1)
    told = np.abs(advantages) > (0.0 if float64 else 1e-6)  # the trainer's float32 may have 0 where we have 1e-8
    signs = np.where(told, np.sign(advantages), 0)
    ratio = np.exp(np.concatenate([np.zeros_like(clipped[:, :1], float), flat(trace.tokens.log_ratio)[:, :-1]], axis=1))
    high, low = clipped & (signs > 0), clipped & (signs < 0) & (ratio < 1 if "delta" in CASES[name] else True)
    for key, flags in (("low", low), ("high", high)):
        if CASES[name].get("importance_sampling_level") == "sequence":  # TRL counts completions, not their tokens
            share = (flags & mask).any(axis=-1).mean(axis=-1)
        else:
            share = (flags & mask).sum(axis=(2, 3)) / mask.sum(axis=(2, 3))
            if np.abs(advantages).min() > 1e-6 and "delta" not in CASES[name]:
                np.testing.assert_allclose(share, trace.metrics[f"clip/active_{key}"], atol=1e-12)
        np.testing.assert_allclose(share, recording.metrics[f"clip_ratio/{key}_mean"], rtol=0, atol=1e-6)


def test_float32_moves_tokens_whose_gradient_is_zero_in_the_trainer_itself():
    """Both prompts' completions of seed 0 visit row 4 alike: Σ A = 0 there, so that what they did not say stays put."""
    config = BASE | {"loss_type": "dapo", "num_iterations": 1, "num_rollouts": 1}
    moved = {}
    for float64 in (False, True):
        recording = record(TABLE, float64=float64, seed=0, **config)
        assert min(first_pushes(recording)) < 1e-3
        moved[float64] = np.abs(recording.logits[0, 0] - recording.initial_logits)[4, 3]
    assert moved[False] > 1e-3 and moved[True] < 1e-6  # of a learning rate of 0.05


def test_the_cases_clip_on_both_sides():
    recording, _ = pair("grpo, token", False)
    assert recording.metrics["clip_ratio/low_mean"].max() > 0.02
    assert recording.metrics["clip_ratio/high_mean"].max() > 0.02


@pytest.mark.parametrize("name", [name for name in CASES if "beta" in CASES[name]])
def test_the_advantages_and_the_gradients_norm_are_the_trainers(name):
    recording, trace = pair(name, True)
    np.testing.assert_allclose(
        trace.tokens.advantages.reshape(recording.advantages.shape), recording.advantages, atol=1e-9
    )
    np.testing.assert_allclose(trace.metrics["grad/norm"], recording.metrics["grad_norm"], atol=1e-7)
