"""The command `ratiodrift`. It imports what a subcommand needs when that subcommand runs, and nothing before."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

EPILOG = """\
exit codes: 0 done, 1 a claim failed, 2 the input was refused, 3 the run stopped, 130 Ctrl-C, 143 SIGTERM;
of a run that was stopped, in whatever way, all that is written is kept: the same command goes on from there

  ratiodrift run momentum_overshoot                  run a shipped scenario
  ratiodrift run my.toml --set optimizer.b1=0 --seeds 256
  ratiodrift init my.toml                            write a starter file to edit
"""


def parser() -> argparse.ArgumentParser:
    """The command line, subcommand by subcommand."""
    top = argparse.ArgumentParser(
        prog="ratiodrift",
        description="Simulate how optimizers move policies in group-based reinforcement learning (GRPO and its kin).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version and stop")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("run", help="run a scenario: table, verdicts, a run directory with a report")
    _takes_scenario(run)
    _writes_a_run(run)

    again = commands.add_parser("replay", help="the updates that a scenario would make on recorded rollouts")
    again.add_argument("rollouts", metavar="ROLLOUTS", help="an .npz or .parquet file (docs/replay.md)")
    _takes_scenario(again)
    _writes_a_run(again)

    brake = commands.add_parser("brake", help="how far optimizers carry on without a gradient: measured, predicted")
    brake.add_argument("optimizers", nargs="*", metavar="OPTIMIZER", help="default: all that optax has")
    brake.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a keyword of the optimizers, as in b1=0.95; without an OPTIMIZER, all that have it are measured",
    )
    brake.add_argument("--updates", type=int, default=400, metavar="N", help="with a gradient, before (default: 400)")
    brake.add_argument("--horizon", type=int, default=200, metavar="J", help="without one, after (default: 200)")
    brake.add_argument("--out", default="runs/brake", metavar="DIR", help="where brake.html goes (default: runs/brake)")
    brake.add_argument("--json", action="store_true", help="print the table as JSON")
    brake.add_argument("--no-cache", action="store_true", help="do not keep compiled programs between runs")

    before = commands.add_parser("plan", help="what a scenario would compute and write: points, programs, time, bytes")
    _takes_scenario(before)
    before.add_argument("--out", default="runs", metavar="DIR", help="where run directories would go (default: runs)")
    before.add_argument("--json", action="store_true", help="print the plan as JSON")

    check = commands.add_parser("validate", help="check scenario files without running anything")
    check.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="a file, or the name of a shipped scenario")
    check.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the file")

    listing = commands.add_parser("list", help="list what there is: scenarios, methods, optimizers, metrics, …")
    listing.add_argument("what", nargs="?", metavar="WHAT", help="which list (default: how many there are of each)")
    listing.add_argument("--dialect", metavar="NAME", help="with methods: what a trainer computes under its own names")

    commands.add_parser("schema", help="print the JSON Schema of scenario files, for editors")

    starter = commands.add_parser("init", help="write a commented starter scenario")
    starter.add_argument("file", nargs="?", default="scenario.toml", metavar="FILE", help="default: scenario.toml")

    commands.add_parser("doctor", help="say what is installed, on which device jax runs, and whether it works")
    return top


def _takes_scenario(command: argparse.ArgumentParser) -> None:
    command.add_argument("scenario", metavar="SCENARIO", help="a file, or the name of a shipped scenario")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key of the file, as in optimizer.b1=0.95 or 'optimizer.b1={values=[0,0.9]}'",
    )
    command.add_argument("--seeds", type=int, metavar="N", help="how many seeds each point runs with")


def _writes_a_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", default="runs", metavar="DIR", help="where run directories go (default: runs)")
    command.add_argument("--force", action="store_true", help="run again although the same run is there already")
    command.add_argument("--resume", action="store_true", help="only go on with a run that was stopped, begin none")
    command.add_argument(
        "--engine",
        default="inline",
        metavar="NAME",
        help="who computes: inline (this process), processes, ray (default: inline; docs/performance.md)",
    )
    command.add_argument("--workers", type=int, metavar="N", help="of processes and ray: how many (default: the cores)")
    command.add_argument("--address", metavar="HOST:PORT", help="of a Ray cluster (default: one on this machine)")
    command.add_argument("--no-cache", action="store_true", help="do not keep compiled programs between runs")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from simulator.interrupts import Terminated, signals_raise

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
    command = import_module(f"simulator.commands.{options.command}")
    from simulator.errors import ScenarioError, Stopped

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
