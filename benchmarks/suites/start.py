"""How long a user waits for the first line."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.fresh import clean
from benchmarks.results import Found, row
from benchmarks.suites import Options
from benchmarks.timing import Contestant, interleaved

TITLE = "Waiting for the first line"
COMMAND = [sys.executable, "-c", "import sys; from simulator.cli.main import main; sys.exit(main())"]
BANDIT = """\
title    = "A bandit"
question = "How long does it take to ask?"

[environment]
kind    = "bandit"
rewards = [[1.0, 0.0, 0.0, 0.0]]

[policy]
kind = "tabular"

[method]
name = "grpo"

[optimizer]
name          = "adamw"
learning_rate = 0.05

[training]
num_rollouts = 10
group_size   = 8
epochs       = 8
seeds        = 32
"""


# What makes starting short, and a line that takes it away.
WITHOUT = {
    "kept programs": "import simulator.execution.program as p; p.kept = lambda made_of, compile_it: compile_it()",
    "the second process": "import simulator.cli.presenter as p; p._start = lambda: None",
    "columns without pandas": "import pyarrow as pa, simulator.storage.tables as t; t.column = pa.array",
    "lazy imports": "import jax, optax, pandas",
}


def measure(options: Options) -> Found:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bandit.toml").write_text(BANDIT)
        installed = Path(sys.executable).with_name("ratiodrift")
        command = [str(installed)] if installed.exists() else COMMAND

        def ratiodrift(*arguments: str) -> None:
            _run([*command, *arguments], folder)

        def scenario(which: str) -> partial:
            return partial(ratiodrift, "run", which, "--out", "runs", "--force")

        quick = interleaved(
            [
                Contestant("python -c pass", partial(_run, [sys.executable, "-c", "pass"], folder), 1),
                Contestant("--help", partial(ratiodrift, "--help"), 1),
            ],
            3 * options.rounds,
        )
        warm = interleaved(
            [Contestant(which, scenario(which), 1) for which in ("bandit.toml", "momentum_overshoot")], options.rounds
        )
        parts = interleaved(
            [Contestant("all", partial(_patched, "", folder), 1)]
            + [Contestant(name, partial(_patched, line, folder), 1) for name, line in WITHOUT.items()],
            options.rounds,
        )
        forget = partial(shutil.rmtree, folder / "cache", ignore_errors=True)
        cold = interleaved([Contestant("cold", scenario("bandit.toml"), 1, forget)], min(options.rounds, 3))
    within = {"unit": "s", "relation": "at most"}
    rows = [
        row(
            "`ratiodrift --help`, in times of `python -c pass`",
            quick.faster("python -c pass", "--help"),
            unit="×",
            relation="at most",
            goal=4,
        ),
        row("`ratiodrift --help`", quick.seconds["--help"], unit="s"),
        row("`ratiodrift run` of a bandit, programs known", warm.seconds["bandit.toml"], goal=1.5, **within),
        row("`ratiodrift run` of a bandit, programs unknown", cold.seconds["cold"], goal=4, **within),
        row("`ratiodrift run momentum_overshoot`, programs known", warm.seconds["momentum_overshoot"], unit="s"),
    ]
    rows += [
        row(f"the same bandit without {name}, in times of with", parts.faster("all", name), unit="×")
        for name in WITHOUT
    ]
    remark = (
        "The bandit is one optimizer with 32 seeds and all metrics; the report is written, too. `momentum_overshoot`, "
        "the demo, has eight points."
    )
    raw = {"help": quick.plain(), "warm": warm.plain(), "cold": cold.plain(), "parts": parts.plain()}
    return Found(rows, raw, [remark])


def _patched(line: str, folder: Path) -> None:
    """A run of the bandit, programs known, in an interpreter that runs a line first."""
    code = f"import sys; {line or 'pass'}; from simulator.cli.main import main; sys.exit(main(sys.argv[1:]))"
    _run([sys.executable, "-c", code, "run", "bandit.toml", "--out", "runs", "--force"], folder)


def _run(command: list[str], folder: Path) -> None:
    environment = clean(RATIODRIFT_CACHE=str(folder / "cache"))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1 says that a claim failed
        raise RuntimeError(f"{command} failed:\n{done.stderr}")
