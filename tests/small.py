"""A scenario of one small structure, to be changed by tests."""

import json
from typing import Any

from analysis.run.run import Points


def tables(**changes: Any) -> dict[str, Any]:
    """A bandit of three arms, two rollouts of two updates; `changes` replace whole tables."""
    return {
        "title": "A small question",
        "question": "How small?",
        "environment": {"kind": "bandit", "rewards": [[1.0, 0.5, 0.0]]},
        "method": {"name": "dr_grpo"},
        "optimizer": {"name": "adam", "learning_rate": {"values": [0.01, 0.1]}},
        "training": {"num_rollouts": 2, "group_size": 4, "epochs": 2, "seeds": 2},
        "record": {"ratios": {"every": 2}},
    } | changes


def resolved(scenario) -> list[dict[str, Any]]:
    """Every point's experiment with all its defaults, as a reader of its manifest has it."""
    points = Points(json.loads(json.dumps(scenario.tabulated())))
    return [points.experiment(point) for point in range(len(points))]
