"""A scenario with its claims checked: what `run` and `validate` both begin with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from analysis.claims import claim_problems
from simulator.errors import ScenarioError, did_you_mean
from simulator.parts import to_plain
from simulator.probes import METRICS
from simulator.scenario import Scenario, load


def load_checked(source: str, overrides: Iterable[tuple[str, Any]]) -> Scenario:
    """Load a scenario and hold its claims against the metrics, quantities and closed forms that there are."""
    scenario = load(source, overrides)
    heading = scenario.heading
    columns = sorted({name for point in scenario.points for name in point.values})
    problems = list(claim_problems(to_plain(heading.claim), sorted(METRICS), columns))
    for key, names in (("headline", [heading.headline]), ("columns", heading.columns)):
        problems += [
            (key, f"no metric {name!r}; {did_you_mean(name, METRICS)}") for name in names if name not in METRICS
        ]
    if problems:
        raise ScenarioError(Path(source).name, problems)
    return scenario
