"""What the command `ratiodrift` understands, subcommand by subcommand. Nothing here imports what they do."""

from __future__ import annotations

import argparse

EPILOG = """\
exit codes: 0 done, 1 a claim failed, 2 the input was refused, 3 the run stopped, 130 Ctrl-C, 143 SIGTERM;
of a run that was stopped, in whatever way, all that is written is kept: the same command goes on from there

  ratiodrift run momentum_overshoot                  run a shipped scenario
  ratiodrift run my.toml --set optimizer.b1=0 --seeds 256
  ratiodrift explain momentum_overshoot              in words: what was seen, and why
  ratiodrift compare momentum_overshoot              variants side by side, paired by seed
  ratiodrift check                                   the claims of all shipped scenarios
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

    _simulating(commands)
    _answering(commands)
    _looking_up(commands)
    return top


def _simulating(commands: argparse._SubParsersAction) -> None:
    """Those that compute something new."""
    run = commands.add_parser("run", help="run a scenario: table, verdicts, a run directory with a report")
    _takes_scenario(run)
    _writes_a_run(run)

    check = commands.add_parser("check", help="run scenarios for their claims: one table of verdicts, claims.json")
    check.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="files, or names of shipped scenarios (default: all of those)"
    )
    _overrides(check)
    _writes_a_run(check)
    check.add_argument("--json", action="store_true", help="print the verdicts as JSON")

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


def _answering(commands: argparse._SubParsersAction) -> None:
    """Those that read what runs have left."""
    compare = commands.add_parser("compare", help="variants and runs side by side, differences paired by seed")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="run directories, or names of scenarios that were run")
    compare.add_argument(
        "--columns", metavar="A,B,…", help="which metrics (default: the usual ones that were recorded)"
    )
    compare.add_argument("--baseline", metavar="VARIANT", help="differences are from this one (default: the first)")
    compare.add_argument("--sort", metavar="COLUMN", help="largest first; --sort=-COLUMN: smallest (default: as run)")
    compare.add_argument(
        "--format", default="table", metavar="F", help="table, csv, markdown, latex, json or html (default: table)"
    )
    compare.add_argument("--out", metavar="FILE", help="write it there (html: default compare.html)")

    export = commands.add_parser("export", help="a run's data and figures for other tools")
    export.add_argument("run", metavar="RUN", help="a run directory, or the name of a scenario that was run")
    export.add_argument(
        "--format",
        default="parquet",
        metavar="F",
        help="parquet, csv, jsonl, npz, arrow, tensorboard, wandb, trackio; figures: png, svg, pdf (default: parquet)",
    )
    export.add_argument(
        "--table",
        default="updates",
        metavar="T",
        help="updates, ratios, summary, claims or readings (default: updates)",
    )
    export.add_argument(
        "--shape", choices=("wide", "long"), default="wide", help="one column per metric, or one row per value"
    )
    export.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these rows; may be repeated"
    )
    export.add_argument("--rollouts", metavar="A:B", help="rollouts A to B − 1, counted from 0")
    export.add_argument("--updates", metavar="A:B", help="updates A to B − 1 of each rollout, counted from 1")
    export.add_argument("--columns", metavar="A,B,…", help="only these metrics or columns (default: all)")
    export.add_argument(
        "--metric-names", default="ratiodrift", metavar="TRAINER", help="ratiodrift, trl, verl, openrlhf or torchrl"
    )
    export.add_argument("--out", metavar="PATH", help="the file, or folder, to write (default: in the run directory)")
    export.add_argument("--force", action="store_true", help="write over what is there")

    report = commands.add_parser("report", help="write a run's page anew")
    report.add_argument("run", metavar="RUN", help="a run directory, or the name of a scenario that was run")
    report.add_argument("--out", metavar="FILE", help="where to (default: report.html in the run directory)")

    explain = commands.add_parser("explain", help="in words: what was seen in a run, and why")
    explain.add_argument("run", metavar="RUN", help="a run directory, or the name of a scenario that was run")
    explain.add_argument("--json", action="store_true", help="print it as JSON, with the numbers it rests on")


def _looking_up(commands: argparse._SubParsersAction) -> None:
    """Those that compute nothing."""
    before = commands.add_parser("plan", help="what a scenario would compute and write: points, programs, time, bytes")
    _takes_scenario(before)
    before.add_argument("--out", default="runs", metavar="DIR", help="where run directories would go (default: runs)")
    before.add_argument("--json", action="store_true", help="print the plan as JSON")

    valid = commands.add_parser("validate", help="check scenario files without running anything")
    valid.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="a file, or the name of a shipped scenario")
    valid.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the file")

    listing = commands.add_parser("list", help="list what there is: scenarios, methods, optimizers, metrics, …")
    listing.add_argument("what", nargs="?", metavar="WHAT", help="which list (default: how many there are of each)")
    listing.add_argument("--dialect", metavar="NAME", help="with methods: what a trainer computes under its own names")

    commands.add_parser("schema", help="print the JSON Schema of scenario files, for editors")

    starter = commands.add_parser("init", help="write a commented starter scenario")
    starter.add_argument("file", nargs="?", default="scenario.toml", metavar="FILE", help="default: scenario.toml")

    commands.add_parser("doctor", help="say what is installed, on which device jax runs, and whether it works")


def _takes_scenario(command: argparse.ArgumentParser) -> None:
    command.add_argument("scenario", metavar="SCENARIO", help="a file, or the name of a shipped scenario")
    _overrides(command)


def _overrides(command: argparse.ArgumentParser) -> None:
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
