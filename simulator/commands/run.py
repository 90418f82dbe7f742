"""`ratiodrift run`: a scenario in, a table, verdicts and a page out."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulator.commands.checked import load_checked
from simulator.commands.overrides import overrides
from simulator.commands.progress import Progress
from simulator.runs import directory_of, finished
from simulator.scenario import Scenario


def execute(options: argparse.Namespace) -> int:
    """Run a scenario, or find its finished run again, and show the result."""
    return carry_out(load_checked(options.scenario, overrides(options)), options)


def carry_out(scenario: Scenario, options: argparse.Namespace) -> int:
    """Compute what has not been computed before, and show it."""
    out = Path(options.out)
    directory = directory_of(scenario, out)
    known = finished(directory) and not options.force
    if not known:
        from simulator.compilation import keep_compiled_programs
        from simulator.runs import write_run

        if not options.no_cache:
            keep_compiled_programs()
        with Progress() as progress:
            write_run(scenario, out, progress)
    from analysis.completion import complete
    from analysis.run import load
    from analysis.terminal import show

    run = load(directory) if known and (directory / "report.html").is_file() else complete(directory)
    show(run)
    if known:
        print("This very scenario has run before: its results are shown again (--force runs it anew).")
    return 1 if any(claim["verdict"] == "fails" for claim in run.claims) else 0
