"""Whether anything in a run is drawn at random."""

from __future__ import annotations

from typing import Any

CHANCES = ("noise", "false_positive", "false_negative")  # what makes a world draw where it is not 0


def draws(experiment: dict[str, Any]) -> bool:
    """Whether anything in a point's run is drawn at random, so that another seed would come out otherwise."""
    policy, training = experiment["policy"], experiment["training"]
    start = policy["kind"] != "tabular" or policy.get("start", "zeros") != "zeros"
    sampled = experiment.get("rollouts", {}).get("kind", "sampled") == "sampled"
    return sampled or start or training.get("minibatches", 1) > 1 or _has_chance(experiment["environment"])


def _has_chance(part: Any) -> bool:
    if isinstance(part, list):
        return any(map(_has_chance, part))
    if not isinstance(part, dict):
        return False
    return any(part.get(name) for name in CHANCES) or any(map(_has_chance, part.values()))
