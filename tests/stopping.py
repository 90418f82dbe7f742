"""Runs that are stopped: a scenario of many small chunks, the command that runs it, what of it may be seen."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from tests.fresh import ROOT

SCENARIO = """
title = "Killed"
question = "What is left?"
[environment]
kind = "bandit"
rewards = [[1.0, 0.5, 0.0]]
[method]
name = "dr_grpo"
[[optimizer]]
name = "adam"
learning_rate = { values = [0.01, 0.1] }
[[optimizer]]
name = "sgd"
learning_rate = { values = [0.1, 1.0] }
[training]
num_rollouts = 8
group_size = 4
epochs = 2
seeds = 3
[record]
ratios = { every = 2 }
"""
CHUNKS = 2 * 2 * 8  # structures, jobs of each (three blocks of two lanes), rollouts
SMALL_CHUNKS = "from simulator.execution import plan as sweep; sweep.CHUNK_SECONDS = (1e-9, 1e-9)"  # a rollout each


def start(here: Path, *arguments: str, before: str = SMALL_CHUNKS, out: str = "runs") -> subprocess.Popen:
    """The command in a process group of its own: `run killed.toml`, in chunks of one rollout."""
    arguments = ["run", "killed.toml", "--out", out, *arguments]
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['ratiodrift', *{arguments!r}]\n"
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored\n"
        f"if __name__ == '__main__':\n    {before}\n"
        "    from simulator.cli.main import command\n    command()"
    )
    (here / "killed.toml").write_text(SCENARIO)
    (here / "killed.py").write_text(code)  # workers, which are spawned, look for it
    environment = os.environ | {"RATIODRIFT_CACHE": str(here / "cache"), "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "killed.py"]
    return subprocess.Popen(command, cwd=here, env=environment, process_group=0, **pipes)


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    """(exit code, what it prints, what it says to standard error)."""
    shown, said = process.communicate(timeout=300)
    return process.returncode, shown, said


def tables(out: Path) -> dict[str, str]:
    """The tables of the one run in a folder: hashes by name, hidden files among them."""
    (directory,) = out.glob("killed-*")
    paths = [path for path in directory.rglob("*") if path.is_file() and path.parent != directory]
    paths += [path for path in directory.glob("*") if path.name.startswith(".") or path.suffix == ".npz"]
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


def check_whole(out: Path, chunks: int = CHUNKS) -> None:
    """Everything that can be seen can be read; a run under its own name has all that belongs to it."""
    for path in out.rglob("*"):
        if path.name.startswith(".") or not path.is_file() or ".locks" in path.parts:
            continue
        if path.suffix == ".parquet":
            assert pq.read_table(path).num_rows, path
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                assert all(arrays[name].size for name in arrays.files), path
        if path.suffix == ".json":
            json.loads(path.read_text())
    for directory in out.glob("killed-*"):
        assert len(list(directory.glob("updates/*"))) == chunks
        assert (directory / "manifest.json").is_file()


def parts(out: Path) -> int:
    """How many chunks of the unfinished run are whole."""
    return len(list(out.glob(".*.partial/updates/part-*")))
