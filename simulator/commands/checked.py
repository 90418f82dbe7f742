"""A scenario with its claims checked: what `run` and `validate` both begin with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from analysis.claims import Records, claim_problems
from simulator.errors import ScenarioError, did_you_mean
from simulator.parts import to_plain
from simulator.scenario import Scenario, load


def load_checked(source: str, overrides: Iterable[tuple[str, Any]], load: Callable[..., Scenario] = load) -> Scenario:
    """Load a scenario and hold its headline and claims against what it records, and against the closed forms."""
    scenario = load(source, overrides=overrides)
    heading, points = scenario.heading, scenario.points
    records = Records(
        metrics={name: metric.within for name, metric in scenario.metrics.items()},
        points=[point.values for point in points],
        ratios=all(point.experiment.record.ratios is not None for point in points),
    )
    problems = list(claim_problems(to_plain(heading.claim), records))
    known = records.quantities
    for key, names in (("headline", [heading.headline]), ("columns", heading.columns)):
        problems += [
            (key, f"no metric {name!r} is recorded; {did_you_mean(name, known)}") for name in names if name not in known
        ]
    if problems:
        raise ScenarioError(Path(source).name, problems)
    for key, sentence in scenario.warnings:
        print(f"warning: {Path(source).name}: {key}: {sentence}", file=sys.stderr)
    return scenario
