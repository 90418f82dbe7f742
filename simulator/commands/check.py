"""`ratiodrift check`: scenarios run for their claims; one table of verdicts, and all of them in claims.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.commands.presenting import verdict_code

if TYPE_CHECKING:
    from simulator.scenario import Scenario


def execute(options: argparse.Namespace) -> int:
    """Put every claim of the scenarios to its run: one that is there already, or a new one."""
    from simulator.commands.checked import load_checked
    from simulator.commands.overrides import overrides
    from simulator.errors import ScenarioError
    from simulator.shipped import shipped_scenarios

    names = options.scenarios or list(shipped_scenarios())
    scenarios = [load_checked(name, overrides(options)) for name in names]  # all are sound before any runs
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
    from simulator.run_directory import directory_of, finished

    directory = directory_of(scenario, Path(options.out))
    if options.force or not finished(directory):
        _run(scenario, options, count)
    from analysis.claims import evaluate
    from analysis.completion import complete
    from analysis.run import load

    if not (directory / "report.html").is_file():
        complete(directory)
    run = load(directory)
    return {
        "scenario": scenario.name,
        "question": scenario.heading.question,
        "run": directory.name,
        "seeds": scenario.training.seeds,
        "versions": run.manifest["versions"],
        "claims": evaluate(run),
    }


def _run(scenario: Scenario, options: argparse.Namespace, count: str) -> None:
    from simulator.commands.progress import Progress
    from simulator.compilation import keep_compiled_programs, use_all_cores
    from simulator.engines import engine
    from simulator.program import forget_compiled
    from simulator.runs import write_run

    carrying_out = engine(options.engine, options.workers, options.address)
    if options.engine == "inline":
        use_all_cores()
    if not options.no_cache:
        keep_compiled_programs()
    print(f"{count} {scenario.name}", file=sys.stderr)
    with Progress() as progress:
        write_run(scenario, Path(options.out), progress, carrying_out, options.force, progress.tell, options.resume)
    forget_compiled()  # the next scenario has other programs


def _write(path: Path, found: list[dict[str, Any]]) -> None:
    from analysis.files import write_whole

    write_whole(path, json.dumps(found, indent=1, ensure_ascii=False).encode())


def _show(found: list[dict[str, Any]], path: Path) -> None:
    from rich.console import Console

    from analysis.terminal import verdicts_of_all
    from analysis.words import fared

    console = Console(highlight=False)
    console.print(verdicts_of_all(found))
    claims = [claim for scenario in found for claim in scenario["claims"]]
    scenarios = f"{len(found)} scenario{'s' if len(found) > 1 else ''}"
    console.print(f"\n{scenarios}: {fared(claims)} Measured is the case that differs most, with its 95 % interval.")
    console.print("verdicts  ", end="")
    console.print(str(path), soft_wrap=True)
