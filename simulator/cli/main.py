"""The command `ratiodrift`. It imports what a subcommand needs when that subcommand runs, and nothing before."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from .arguments import parser


def command() -> None:
    """The script `ratiodrift`. Interrupted, it waits for nobody: neither for a program that compiles nor for jax."""
    code = main()
    if code in (130, 143):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from ..engines.signals import Terminated, signals_raise

    try:
        with signals_raise():
            return _carried_out(arguments)
    except KeyboardInterrupt as error:
        print("stopped; a run keeps what it has written, and goes on from there when run again", file=sys.stderr)
        return 143 if isinstance(error, Terminated) else 130


def _carried_out(arguments: list[str] | None) -> int:
    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        from importlib.metadata import version

        print(f"ratiodrift {version('ratiodrift')}")
        return 0
    if options.command is None:
        top.print_help()
        return 0
    command = import_module(f".{options.command}", __package__)
    from ..errors import ScenarioError, Stopped

    try:
        code = command.execute(options)
        sys.stdout.flush()
        return code
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    except Stopped as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 3
    except BrokenPipeError:  # the reader has gone, as in `ratiodrift list metrics | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
