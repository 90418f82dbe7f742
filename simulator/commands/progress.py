"""How far a run has come: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

QUIET = 1.0  # seconds before the first word: what is done by then needs none
BETWEEN_LINES = 10.0


class Progress:
    """Called with (done, total) optimizer steps; a context that tidies up after itself."""

    def __init__(self) -> None:
        self.began = self.last_line = time.monotonic()
        self.bar = None

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

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        elapsed = max(now - self.began, 1e-9)
        rate = f"{done / elapsed:,.0f} updates/s"
        if self.bar is not None:
            doing = "simulating" if done else "compiling"
            self.bar.update(self.task, completed=done, total=total, rate=rate if done else "", description=doing)
        elif elapsed > QUIET and now - self.last_line > BETWEEN_LINES or done == total and elapsed > QUIET:
            self.last_line = now
            left = elapsed * (total - done) / max(done, 1)
            print(f"{done:,} of {total:,} updates, {rate}, {left:.0f} s left", file=sys.stderr, flush=True)
