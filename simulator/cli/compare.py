"""`ratiodrift compare`: variants and runs side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ScenarioError, did_you_mean
from .opened import opened

if TYPE_CHECKING:
    from ratiodrift.analysis.comparing import Comparison

TABLE = "table"
OUT = "compare.html"


def execute(options: argparse.Namespace) -> int:
    """Compare the variants of runs, and print or write the table."""
    from ratiodrift.analysis.comparing import ComparisonError, compare
    from ratiodrift.analysis.page.comparison import FORMATS
    from ratiodrift.analysis.terminal import working

    if options.format not in (TABLE, *FORMATS):
        known = did_you_mean(options.format, (TABLE, *FORMATS))
        raise ScenarioError("compare", [("--format", f"unknown {options.format!r}; {known}")])
    columns = None if options.columns is None else [name.strip() for name in options.columns.split(",") if name.strip()]
    runs = [opened(text) for text in options.runs]
    try:
        with working("comparing"):
            found = compare(runs, columns=columns, baseline=options.baseline, sort=options.sort)
    except ComparisonError as error:
        raise ScenarioError("compare", [(f"--{error.key}", error.sentence)]) from error
    _give(found, options)
    return 0


def _give(found: Comparison, options: argparse.Namespace) -> None:
    """Print it, or write it where it is to go; a page is always written."""
    from ratiodrift.analysis.files import write_whole
    from ratiodrift.analysis.page.comparison import FORMATS

    out = Path(options.out or OUT) if options.out or options.format == "html" else None
    text = _as_table(found, plain=out is not None) if options.format == TABLE else FORMATS[options.format](found)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        write_whole(out, text.encode())
    except OSError as error:
        raise ScenarioError(str(out), [("", f"cannot be written: {error.strerror}")]) from error
    print(out)


def _as_table(found: Comparison, plain: bool) -> str:
    """The terminal's table as text, without colours where it goes into a file."""
    from ratiodrift.analysis.comparing.terminal import show
    from rich.console import Console

    console = Console(highlight=False, no_color=True if plain else None, width=80 if plain else None)
    with console.capture() as captured:
        show(found, console)
    return "\n".join(line.rstrip() for line in captured.get().split("\n"))
