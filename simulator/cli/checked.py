"""A scenario with its claims checked: what `run` and `validate` both begin with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ratiodrift.analysis.claims import Records, claim_problems

from ..errors import ScenarioError, did_you_mean
from ..parts import to_plain
from ..scenario.load import Scenario, load


def load_checked(source: str, overrides: Iterable[tuple[str, Any]], load: Callable[..., Scenario] = load) -> Scenario:
    """Load a scenario and hold its headline and claims against what it records, and against the closed forms.

    A claim about variants that an override has taken away is left out, which is said.
    """
    overrides, file = list(overrides), Path(source).name
    scenario = load(source, overrides=overrides)
    heading, points = scenario.heading, scenario.points
    records = Records(
        metrics={name: metric.within for name, metric in scenario.metrics.items()},
        points=[point.values for point in points],
        ratios=all(point.experiment.record.ratios is not None for point in points),
    )
    asked, problems = [], []
    for index, claim in enumerate(heading.claim):
        found = claim_problems(to_plain(claim), records)
        if any(key != "training.seeds" for key, _ in overrides) and {key for key, _ in found} & {"where", "against"}:
            reason = "; ".join(sentence for _, sentence in found)
            print(f"warning: {file}: claim[{index}] is left out, as things are set: {reason}", file=sys.stderr)
            continue
        asked.append(claim)
        problems += [(f"claim[{index}].{key}", sentence) for key, sentence in found]
    known = records.quantities
    for key, names in (("headline", [heading.headline]), ("columns", heading.columns)):
        problems += [
            (key, f"no metric {name!r} is recorded; {did_you_mean(name, known)}") for name in names if name not in known
        ]
    if problems:
        raise ScenarioError(file, problems)
    for key, sentence in scenario.warnings:
        print(f"warning: {file}: {key}: {sentence}", file=sys.stderr)
    return replace(scenario, heading=replace(heading, claim=tuple(asked)))
