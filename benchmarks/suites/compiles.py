"""How many programs are compiled."""

from __future__ import annotations

from benchmarks import fresh, machine
from benchmarks.results import Found, Row
from benchmarks.suites import Options

TITLE = "How often it compiles"
EVENT = "/jax/core/compile/backend_compile_duration"
SCENARIO = {
    "title": "Three structures",
    "question": "How many programs?",
    "environment": {"kind": "bandit", "rewards": [[1.0, 0.0, 0.0]], "reward_scale": {"values": [1.0, 5.0]}},
    "policy": {"kind": "tabular"},
    "method": {"name": "dr_grpo", "clip_high": {"values": [0.2, 0.28]}},
    "optimizer": [
        {"name": "sgd", "learning_rate": {"values": [0.1, 0.2]}},
        {"name": "sgd", "learning_rate": 0.1, "momentum": {"values": [0.0, 0.9]}},
        {"name": "adam", "learning_rate": {"values": [0.1, 0.2, 0.3]}},
    ],
    "training": {"num_rollouts": 7, "group_size": 4, "epochs": 3, "seeds": 5},
    "record": {"probes": ["ratio", "clip", "drift"]},
}


def measure(options: Options) -> Found:
    found = fresh.call(count, devices=machine.cores_used())
    what = f"programs compiled for {found['structures']} structures with {found['points']} points together"
    row = Row(what, found["compiled"], relation="exactly", goal=found["structures"])
    return Found([row], {"all": found}, ["Every program that XLA compiles counts, however small."])


def count() -> dict[str, int]:
    """In a fresh process: what the sweep makes XLA compile."""
    import jax

    from benchmarks import ours
    from simulator.execution import plan as sweep
    from simulator.scenario.load import load

    compiled = []
    plan = sweep.make_plan(load(SCENARIO))
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if name == EVENT else None
    )
    ours.compute(plan)
    return {"structures": len(plan.structures), "points": plan.num_points, "compiled": len(compiled)}
