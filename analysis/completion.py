"""What analysis adds to a run directory: summary.parquet, claims.json, report.html."""

from __future__ import annotations

import json
from pathlib import Path

from .claims import evaluate
from .files import write_parquet, write_whole
from .notebook import ShownRun, load
from .page.report import render
from .summary import summarize


def complete(directory: Path | str) -> ShownRun:
    """Summarise a run, put its claims to it, and write its page. Returns the run."""
    run = load(directory)
    for name in ("summary.parquet", "claims.json", "report.html"):
        for left in run.directory.glob(f".{name}.*"):  # by a process that was killed while it wrote
            left.unlink(missing_ok=True)
    write_parquet(run.directory / "summary.parquet", summarize(run))
    write_whole(run.directory / "claims.json", json.dumps(evaluate(run), indent=1).encode())
    write_whole(run.directory / "report.html", render(run).encode())
    return run


def completed(directory: Path | str) -> ShownRun:
    """A run with all that belongs to it: the page is written last, so where it is there, so is the rest."""
    return load(directory) if (Path(directory) / "report.html").is_file() else complete(directory)


def make_ready() -> None:
    """Import what completing and showing a run imports on the way: the first time takes a fifth of a second."""
    import plotly.graph_objects as go
    import rich.table  # noqa: F401
    import scipy.special  # noqa: F401

    from . import terminal  # noqa: F401
    from .figures.style import dress

    dress(go.Figure(go.Scatter())).to_json()
