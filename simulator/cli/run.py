"""`ratiodrift run`: a scenario in, a table, verdicts and a page out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .presenter import Presenter

if TYPE_CHECKING:
    from ..scenario.load import Scenario


def execute(options: argparse.Namespace) -> int:
    """Run a scenario, or find its finished run again, and show the result."""
    with Presenter() as presenter:  # begins to import, as does this process now
        from .scenario import read_scenario

        return carry_out(read_scenario(options.scenario, options), options, presenter)


def carry_out(scenario: Scenario, options: argparse.Namespace, presenter: Presenter) -> int:
    """Compute what has not been computed before, and show it."""
    from ..errors import ScenarioError
    from ..storage.paths import directory_of, finished, renew, unfinished

    out = Path(options.out)
    directory = directory_of(scenario, out)
    known = finished(directory) and not options.force
    if options.resume and options.force:
        raise ScenarioError("--resume", [("", "goes on, and --force begins anew: leave one of them out")])
    if options.resume and not known and not unfinished(directory).is_dir():
        problem = f"there is no unfinished run of this very scenario in {out} ({directory.name}): leave --resume out"
        raise ScenarioError("--resume", [("", problem)])
    if known:
        renew(directory, scenario)
    else:
        presenter.expect_a_new_run()
        compute(scenario, options)
    return presenter.present(directory, known)


def compute(scenario: Scenario, options: argparse.Namespace) -> None:
    """Write the scenario's run, by the engine that the options name, and show how far it is."""
    from ..engines.base import engine
    from ..execution.program_cache import keep_compiled_programs, use_all_cores
    from ..runs import write_run
    from .progress import Progress

    carrying_out = engine(options.engine, options.workers, options.address)
    if options.engine == "inline":
        use_all_cores()
    if not options.no_cache:
        keep_compiled_programs()
    with Progress() as progress:
        write_run(scenario, Path(options.out), progress, carrying_out, options.force, progress.tell, options.resume)
