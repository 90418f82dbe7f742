"""What a run ends with: its summary, verdicts and page, and the table on the terminal.

Importing pandas and plotly takes as long as a small simulation, so a second process does that while this one simulates,
and has nothing left to do but the work when the run directory is there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from traceback import print_exc
from types import TracebackType
from typing import Any

from ..engines.signals import children_deaf_to_ctrl_c

NEW, KNOWN = "n", "k"  # what the other process reads first
STOPPED = 3  # its exit code when there is no room for the page
FAILED = 70  # its exit code when it breaks off, which 1 would hide: a claim failed


class Presenter:
    """Completes and shows one run: in a process of its own, which begins to import at once.

    In this process where pandas has been imported already, where what is printed is caught (`redirect_stdout`), or
    where there is no interpreter to start.
    """

    def __init__(self) -> None:
        here = "pandas" in sys.modules or sys.stdout is not sys.__stdout__
        self.process: Any = None if here else _start()

    def __enter__(self) -> Presenter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process is not None:
            self.process.stdin.close()
            self.process.terminate()
            self.process.wait()

    def expect_a_new_run(self) -> None:
        """There will be a run to complete: what only that needs can be imported, too."""
        self._say(NEW)

    def present(self, directory: Path, known: bool) -> int:
        """Show the run in `directory`, which has been shown before where it is `known`; returns the exit code."""
        if self.process is None:
            return present(directory, known)
        sys.stdout.flush()
        self._say((KNOWN if known else "") + str(directory))
        self.process.stdin.close()
        code, self.process = self.process.wait(), None
        if code not in (0, 1, 2):
            raise SystemExit(code)  # the other process has said why
        return code

    def _say(self, text: str) -> None:
        if self.process is not None:
            with suppress(BrokenPipeError):  # its exit code will tell
                self.process.stdin.write(text)
                self.process.stdin.flush()


def present(directory: Path, known: bool) -> int:
    """What is not there yet of summary, verdicts and page is made; all is shown. Returns the exit code."""
    from ratiodrift.analysis.notebook import load
    from ratiodrift.analysis.terminal import show, working

    if known and (directory / "report.html").is_file():
        run = load(directory)
    else:
        from ratiodrift.analysis.completion import complete

        try:
            with working("summary, verdicts, page"):
                run = complete(directory)
        except OSError as error:
            from ..errors import Stopped

            what = f"{error.strerror or error} ({directory})\nall tables are written and kept"
            raise Stopped(f"{what}\nfor summary and page, run it again when this is mended") from error
    show(run)
    if known:
        print("This very scenario has run before: its results are shown again (--force runs it anew).")
    return verdict_code(run.verdicts)


def verdict_code(claims: list[dict[str, Any]]) -> int:
    """The exit code: 2 where a claim is refused, since no data could prove it wrong; 1 where one fails; else 0."""
    refused = [claim for claim in claims if claim["refused"]]
    for claim in refused:
        print(f"claim refused: {claim['says']}: {claim['refused']}", file=sys.stderr)
    return 2 if refused else 1 if any(claim["verdict"] == "fails" for claim in claims) else 0


def serve() -> int:
    """The other process: import what it takes, then present the run that standard input names, if it names one."""
    try:
        import ratiodrift.analysis.run.run  # noqa: F401
        import ratiodrift.analysis.terminal  # noqa: F401

        kind = sys.stdin.read(1)
        if kind == NEW:
            from ratiodrift.analysis.completion import make_ready

            make_ready()
        directory = sys.stdin.read()
        if not directory:
            return 0
        code = present(Path(directory), known=kind == KNOWN)
        sys.stdout.flush()  # here it is known what to do where the reader has gone
        return code
    except BrokenPipeError:  # the reader has gone, as in `ratiodrift run … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from ..errors import Stopped  # not before: it takes a tenth of a second

        if isinstance(error, Stopped):
            print(f"stopped: {error}", file=sys.stderr)
            return STOPPED
        print_exc()
        return FAILED


def leave(code: int) -> None:
    """End the process, without taking apart all that has been imported, which takes a tenth of a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _start() -> subprocess.Popen[str] | None:
    """A process that serves, finding modules where this one does."""
    serving = f"from {__name__} import leave, serve; leave(serve())"
    code = f"import sys; sys.path[:] = {sys.path!r}; {serving}"
    try:
        with children_deaf_to_ctrl_c():
            return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, text=True, encoding="utf-8")
    except (OSError, TypeError):  # a system without processes, an interpreter that does not know itself
        return None
