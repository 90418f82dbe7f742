"""`ratiodrift export`: a run's data and figures for other tools."""

from __future__ import annotations

import argparse
import sys
import time
from types import TracebackType
from typing import Any

from ..errors import ScenarioError
from .opened import opened

QUIET = 1.0  # seconds before the first word: what is done by then needs none
BETWEEN_LINES = 5.0


def execute(options: argparse.Namespace) -> int:
    """Write it; print where it is, how much it is, and how it is read back."""
    run = opened(options.run)
    from ratiodrift.analysis.exports.errors import ExportError
    from ratiodrift.analysis.exports.exporting import Request, exported

    try:
        request = Request(
            format=options.format,
            table=options.table,
            shape=options.shape,
            where=[_pair(text) for text in options.where],
            rollouts=options.rollouts,
            updates=options.updates,
            columns=None if options.columns is None else [name.strip() for name in options.columns.split(",")],
            metric_names=options.metric_names,
            out=options.out,
            force=options.force,
        )
        with _Progress() as tell:
            done = exported(run, request, tell)
    except ExportError as error:
        problems = [(f"--{option}" if option else "", sentence) for option, sentence in error.problems]
        raise ScenarioError(run.directory.name, problems) from error
    except OSError as error:  # no room, no permission
        raise ScenarioError(run.directory.name, [("", str(error))]) from error
    counted = f"{done.count:,} {done.of}{'s' * (done.count != 1)}"
    print(f"{done.path}: {counted}\n{done.hint}" if done.path else f"{counted} {done.hint}")
    return 0


def _pair(text: str) -> tuple[str, str]:
    """'optimizer=adamw' in its two halves. Raises ExportError."""
    from ratiodrift.analysis.exports.errors import ExportError

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ExportError("where", f"{text!r} is no COLUMN=VALUE, as in optimizer=adamw")
    return name.strip(), value.strip()


class _Progress:
    """Called with the share that is done: a bar on a terminal, lines elsewhere, nothing for what is quick."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()
        self.bar: Any = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self.began < QUIET or share >= 1.0 and self.bar is None:
            return
        if sys.stderr.isatty():
            if self.bar is None:
                self._begin()
            self.bar.update(self.task, completed=share)
        elif now - self.last > BETWEEN_LINES:
            self.last = now
            left = (now - self.began) * (1.0 - share) / max(share, 1e-9)
            print(f"{share:.0%} exported, {left:.0f} s left", file=sys.stderr, flush=True)

    def _begin(self) -> None:
        from rich import progress
        from rich.console import Console

        self.bar = progress.Progress(
            progress.TextColumn("exporting"),
            progress.BarColumn(bar_width=24),
            progress.TextColumn("{task.percentage:>3.0f} %"),
            progress.TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
            transient=True,
        )
        self.bar.start()
        self.task = self.bar.add_task("exporting", total=1.0)
