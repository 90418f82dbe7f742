"""`ratiodrift validate`: everything that can be refused is refused here, without importing jax."""

from __future__ import annotations

import argparse

from .checked import load_checked
from .overrides import overrides


def execute(options: argparse.Namespace) -> int:
    """Check each scenario and say what it would run."""
    for source in options.scenarios:
        scenario = load_checked(source, overrides(options))
        training = scenario.training
        points, seeds = len(scenario.points), training.seeds
        print(f"{source}: fine: {_count(points, 'point')} × {_count(seeds, 'seed')} = {_count(points * seeds, 'run')}")
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
