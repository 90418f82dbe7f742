"""`ratiodrift check`: scenarios run for their claims; one table of verdicts, and all of them in claims.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .presenter import verdict_code
from .run import compute

if TYPE_CHECKING:
    from ..scenario.load import Scenario


def execute(options: argparse.Namespace) -> int:
    """Put every claim of the scenarios to its run: one that is there already, or a new one."""
    from ..errors import ScenarioError
    from ..scenario.shipped import shipped_scenarios
    from .scenario import read_scenario

    names = options.scenarios or list(shipped_scenarios())
    scenarios = [read_scenario(name, options) for name in names]  # all are sound before any runs
    without = [name for name, scenario in zip(names, scenarios, strict=True) if not scenario.heading.claim]
    if without:
        raise ScenarioError(", ".join(without), [("claim", "there is none: a check is of claims (docs/scenarios.md)")])
    found = [_judged(scenario, options, f"{n}/{len(names)}") for n, scenario in enumerate(scenarios, 1)]
    path = Path(options.out) / "claims.json"
    _write(path, found)
    if options.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _show(found, path)
    return verdict_code([claim for scenario in found for claim in scenario["claims"]])


def _judged(scenario: Scenario, options: argparse.Namespace, count: str) -> dict[str, Any]:
    """One scenario's claims with their verdicts, out of its run."""
    from ..storage.paths import directory_of, finished, renew

    directory = directory_of(scenario, Path(options.out))
    if options.force or not finished(directory):
        print(f"{count} {scenario.name}", file=sys.stderr)
        compute(scenario, options)
        from ..execution.program import forget_compiled

        forget_compiled()  # the next scenario has other programs
    else:
        renew(directory, scenario)
    from ratiodrift.analysis.claims import evaluate
    from ratiodrift.analysis.completion import completed

    run = completed(directory)
    return {
        "scenario": scenario.name,
        "question": scenario.heading.question,
        "run": directory.name,
        "seeds": scenario.training.seeds,
        "versions": run.manifest["versions"],
        "claims": evaluate(run),
    }


def _write(path: Path, found: list[dict[str, Any]]) -> None:
    from ratiodrift.analysis.files import write_whole

    write_whole(path, json.dumps(found, indent=1, ensure_ascii=False).encode())


def _show(found: list[dict[str, Any]], path: Path) -> None:
    from ratiodrift.analysis.terminal import verdicts_of_all
    from ratiodrift.analysis.text import claim_summary
    from rich.console import Console

    console = Console(highlight=False)
    console.print(verdicts_of_all(found))
    claims = [claim for scenario in found for claim in scenario["claims"]]
    scenarios = f"{len(found)} scenario{'s' if len(found) > 1 else ''}"
    console.print(
        f"\n{scenarios}: {claim_summary(claims)} Measured is the case that differs most, with its 95 % interval."
    )
    console.print("verdicts  ", end="")
    console.print(str(path), soft_wrap=True)
