"""`ratiodrift validate`: everything that can be refused is refused here, without importing jax."""

from __future__ import annotations

import argparse

from .scenario import read_scenario


def execute(options: argparse.Namespace) -> int:
    """Check each scenario and say what it would run."""
    for source in options.scenarios:
        scenario = read_scenario(source, options)
        training = scenario.training
        points, seeds = len(scenario.points), training.seeds
        print(f"{source}: fine: {_count(points, 'point')} × {_count(seeds, 'seed')} = {_count(points * seeds, 'run')}")
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
