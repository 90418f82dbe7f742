"""What analysis adds to a run directory: summary.parquet, claims.json, report.html."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

from analysis.claims import evaluate
from analysis.report import render
from analysis.run import Run, load
from analysis.summary import summarize


def complete(directory: Path | str) -> Run:
    """Summarise a run, put its claims to it, and write its page. Returns the run."""
    run = load(directory)
    table = io.BytesIO()
    summarize(run).to_parquet(table)
    _write_whole(run.directory / "summary.parquet", table.getvalue())
    _write_whole(run.directory / "claims.json", json.dumps(evaluate(run), indent=1).encode())
    _write_whole(run.directory / "report.html", render(run).encode())
    return run


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
