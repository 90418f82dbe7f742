"""Against TRL's trainer, on the problem of TRL's that is ours, too."""

from __future__ import annotations

import importlib.util
from functools import partial

import numpy as np

import simulator as sim
from benchmarks import ours
from benchmarks.equality import TOLERANCE, Unequal
from benchmarks.problem import CLIP, EPOCHS, SMALL, SUMMARY, WEIGHT_DECAY
from benchmarks.results import Found, Row, row
from benchmarks.suites import Options
from benchmarks.timing import Contestant, interleaved, sized
from simulator.dialects.trl import TRL
from simulator.execution import plan as sweep
from simulator.replaying import replay
from simulator.scenario.load import Scenario, load

TITLE = "Against TRL's trainer"
THREADS = {1: "GRPOTrainer on one thread", 2: "GRPOTrainer on two"}
WHAT = f"against: {THREADS[1]}"
GOAL = {"unit": "×", "relation": "at least", "goal": 1000}
OPTIMIZER = {
    "learning_rate": SMALL.learning_rate,
    "weight_decay": WEIGHT_DECAY,
    "max_grad_norm": 1.0,  # TRL's default
    "max_grad_norm_eps": 1e-6,  # torch's
}


def scenario(seeds: int) -> Scenario:
    """Two prompts of eight completions of six tokens from eight; the context is the last token."""
    return load(
        {
            "title": "Benchmark, bigrams",
            "question": "How many updates a second?",
            "environment": {
                "kind": "token_chain",
                "targets": [[2] * 6, [2] * 6],
                "vocab_size": 8,
                "context": "last_token",
            },
            "policy": {"kind": "tabular"},
            "method": {"dialect": "trl", "loss_type": "grpo", "epsilon": CLIP},
            "optimizer": {"name": "adamw", **OPTIMIZER},
            "training": {"num_rollouts": 25, "group_size": 8, "epochs": EPOCHS, "seeds": seeds},
            "record": {"probes": list(SUMMARY)},
        }
    )


def measure(options: Options) -> Found:
    if not (importlib.util.find_spec("torch") and importlib.util.find_spec("trl")):
        return Found([Row(WHAT, None, note="not installed", **GOAL)], {}, ["TRL is not installed here."])
    from benchmarks.peers.trl_trainer import Ready

    difference = replayed()

    def sweep_of(seeds: int) -> Contestant:
        plan = sweep.make_plan(scenario(seeds))
        return Contestant("sweep", partial(ours.compute, plan), plan.num_updates)

    trainers = {name: Ready(2 if options.quick else 15, threads) for threads, name in THREADS.items()}
    timed = interleaved(
        [
            sized(sweep_of, start=256, most=2**15, least_seconds=options.least_seconds),
            *(Contestant(name, each.train, each.updates, each.prepare) for name, each in trainers.items()),
        ],
        options.slow_rounds,
    )
    rows = [
        row(WHAT, timed.faster("sweep", THREADS[1]), **GOAL),
        row(f"against: {THREADS[2]}", timed.faster("sweep", THREADS[2]), unit="×"),
        *(row(f"updates a second: {name}", timed.rate(name)) for name in timed.seconds),
    ]
    remark = (
        f"TRL's completions replayed here, TRL in float64: its logits after 40 updates are ours to {difference:.0e}. "
        "It is timed as its users run it, in float32, from `train()` to its end. We "
        "sample, too, six tokens always, where TRL's completions end at their first 0; our table has a row more for "
        "each prompt."
    )
    return Found(rows, {"all": timed.plain() | {"difference": difference}}, [remark])


def replayed(num_rollouts: int = 10) -> float:
    """The largest difference between TRL's last logits and ours on TRL's completions. Raises Unequal."""
    from benchmarks.peers.trl_trainer import GROUP_SIZE, recording

    theirs = recording(num_rollouts)
    experiment = sim.Experiment(
        environment=sim.environments.RecordedEnvironment(),
        policy=sim.policies.Tabular(),
        method=TRL(loss_type="grpo", epsilon=CLIP),
        optimizer=sim.optimizer("adamw", **OPTIMIZER),
        training=sim.Training(num_rollouts=num_rollouts, group_size=GROUP_SIZE, epochs=EPOCHS),
        record=sim.Record(probes=SUMMARY),
    )
    given = {name: getattr(theirs, name) for name in ("tokens", "mask", "prompts", "rewards", "initial_logits")}
    params, _ = replay(experiment, given)
    difference = float(np.max(np.abs(params["logits"] - theirs.logits[-1, -1])))
    if not difference <= TOLERANCE:
        raise Unequal(f"TRL's logits differ from ours by {difference:.1e}, more than {TOLERANCE:g}")
    return difference
