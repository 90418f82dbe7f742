"""How far a run has come: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

QUIET = 1.0  # seconds before the first word: what is done by then needs none
BETWEEN_LINES = 10.0


class Progress:
    """Called with (done, total) optimizer steps, first with what was done before; a context that tidies up."""

    def __init__(self) -> None:
        self.began = self.last_line = time.monotonic()
        self.before: int | None = None
        self.bar: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self.bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(bar_width=24),
                progress.TextColumn("{task.percentage:>3.0f} %"),
                progress.TextColumn("{task.fields[rate]}"),
                progress.TimeRemainingColumn(elapsed_when_finished=True),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task("compiling", total=None, rate="")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()

    def tell(self, sentence: str) -> None:
        """A sentence on its own line, above the bar."""
        with suppress(OSError):  # who has stopped reading does not stop the run
            print(sentence, file=sys.stderr, flush=True)

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.before is None:
            self.began, self.before = now, done
        elapsed, its_own = max(now - self.began, 1e-9), done - self.before
        rate = f"{its_own / elapsed:,.0f} updates/s"
        if self.bar is not None:
            doing = "simulating" if its_own else "compiling"
            self.bar.update(self.task, completed=done, total=total, rate=rate if its_own else "", description=doing)
        elif elapsed > QUIET and (done == total or now - self.last_line > BETWEEN_LINES):
            self.last_line = now
            left = elapsed * (total - done) / max(its_own, 1)
            self.tell(f"{done:,} of {total:,} updates, {rate}, {left:.0f} s left")
