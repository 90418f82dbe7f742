"""`ratiodrift report`: a run's page anew."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ScenarioError
from .opened import opened


def execute(options: argparse.Namespace) -> int:
    """Write the page of a run again, as this version writes it."""
    run = opened(options.run)
    from ratiodrift.analysis.files import write_whole
    from ratiodrift.analysis.page.report import render
    from ratiodrift.analysis.terminal import working

    page = Path(options.out) if options.out else run.directory / "report.html"
    try:
        with working("the page"):
            write_whole(page, render(run).encode())
    except OSError as error:
        raise ScenarioError("--out", [("", f"{page} cannot be written: {error.strerror or error}")]) from error
    print(page)
    return 0
