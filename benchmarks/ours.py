"""Our side, through the interface that users have: a scenario, its plan, what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import problem as shared
from benchmarks.problem import Problem, Trained
from simulator.execution import plan as sweep
from simulator.execution.compute import execute
from simulator.scenario.load import Scenario, load

NOTHING = ("reward",)  # a run records something; this is the cheapest that there is


def scenario(
    problem: Problem,
    *,
    probes: Sequence[str] | None = shared.SUMMARY,
    ratios: bool = False,
    seeds: int = 1,
    num_rollouts: int | None = None,
    epochs: int = shared.EPOCHS,
    optimizer: dict[str, Any] | None = None,
) -> Scenario:
    """The problem as a scenario; `probes` None records all metrics, `ratios` every token of every update."""
    record = ({} if probes is None else {"probes": list(probes)}) | ({"ratios": {"every": 1}} if ratios else {})
    return load(
        {
            "title": f"Benchmark, {problem.name}",
            "question": "How many updates a second?",
            "environment": {
                "kind": "token_chain",
                "targets": problem.targets.tolist(),
                "vocab_size": problem.vocab_size,
                "context": "position",
                "credit": "dense",
            },
            "policy": {"kind": "tabular"},
            "method": {"name": "grpo", "clip_low": shared.CLIP, "clip_high": shared.CLIP},
            "optimizer": {
                "name": "adamw",
                "learning_rate": problem.learning_rate,
                "weight_decay": shared.WEIGHT_DECAY,
                **(optimizer or {}),
            },
            "training": {
                "num_rollouts": num_rollouts or problem.num_rollouts,
                "group_size": problem.group_size,
                "epochs": epochs,
                "seeds": seeds,
            },
            "record": record,
        }
    )


def compute(plan: sweep.Plan) -> int:
    """Compute a plan in memory and forget it; returns how many updates that were."""
    for _ in execute(plan):
        pass
    return plan.num_updates


def recorded(problem: Problem, num_rollouts: int, ratios: bool = True) -> tuple[np.ndarray | None, Trained]:
    """One run: the tokens `[I, P, G, T]` that it sampled (None without `ratios`), and what came of them."""
    chunks = list(execute(sweep.make_plan(scenario(problem, ratios=ratios, num_rollouts=num_rollouts))))
    names = chunks[0].trace.metrics
    metrics = {name: np.concatenate([chunk.trace.metrics[name][0] for chunk in chunks]) for name in names}
    tokens = np.concatenate([chunk.trace.tokens.tokens[0] for chunk in chunks]) if ratios else None
    return tokens, Trained(chunks[-1].trace.params["logits"][0], metrics)
