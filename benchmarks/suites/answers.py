"""How long a large run takes to open, to explain, to compare, to draw and to hand over."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from pathlib import Path

from benchmarks import fresh, machine
from benchmarks.results import Found, Row
from benchmarks.suites import Options
from benchmarks.suites.memory import most_memory

TITLE = "From ten million recorded ratios to an answer"
ROLLOUTS = 64  # of 8 points × 64 seeds × 40 updates × 8 tokens: 10,485,760 ratios
SECONDS, MEGABYTES = 60, 2048
TABLE = ("--table", "ratios", "--force")
QUESTIONS = {
    "summary, verdicts and page": ("report",),
    "in words": ("explain",),
    "side by side": ("compare",),
    **{f"all ratios as {kind}": ("export", "--format", kind, *TABLE) for kind in ("parquet", "csv", "jsonl", "npz")},
    "TRL's metrics": ("export", "--format", "parquet", "--metric-names", "trl", "--force"),
}


def measure(options: Options) -> Found:
    rollouts = 2 if options.quick else ROLLOUTS
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        directory = fresh.call(recorded, devices=machine.cores_used(), folder=folder, num_rollouts=rollouts)
        for what, (command, *others) in QUESTIONS.items():
            seconds, megabytes = fresh.call(asked, arguments=[command, directory, *others], anew=command == "report")
            rows.append(Row(f"time: {what}", seconds, unit="s", relation="at most", goal=SECONDS))
            rows.append(Row(f"memory: {what}", megabytes, unit="MB", relation="at most", goal=MEGABYTES))
    remark = (
        f"`momentum_overshoot` with {ROLLOUTS} rollouts, 10.5 million recorded ratios; each question in a process of "
        "its own that has imported jax; memory is the most that it ever held."
    )
    return Found(rows, {}, [remark])


def recorded(folder: str, num_rollouts: int) -> str:
    """In a fresh process: make the run; returns its directory."""
    from simulator.runs import run

    return str(run("momentum_overshoot", {"training.num_rollouts": num_rollouts}, out=Path(folder)))


def asked(arguments: list[str], anew: bool) -> tuple[float, float]:
    """In a fresh process: (seconds, megabytes) of one command; `anew` with summary and verdicts."""
    from analysis.completion import complete
    from simulator.cli.main import main

    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        if anew:
            complete(arguments[1])
        elif code := main(arguments):
            raise RuntimeError(f"{arguments} ended with exit code {code}")
    return time.perf_counter() - begun, most_memory()
