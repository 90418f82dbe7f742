"""A function of this package in a fresh process: other devices, other cores, its own peak of memory.

    python -m benchmarks.fresh MODULE:FUNCTION OPTIONS KEYWORDS

where OPTIONS and KEYWORDS are JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHERE = "result: "


def call(function: Callable[..., object], devices: int = 1, cores: int | None = None, **keywords: object) -> object:
    """What the function returns there, which must be plain; `cores` pins the process to so many of them."""
    name = f"{function.__module__}:{function.__qualname__}"
    options = json.dumps({"devices": devices, "cores": cores})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fresh", name, options, json.dumps(keywords)],
        cwd=ROOT,
        env=clean(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{name}({keywords}) failed:\n{done.stderr}")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(WHERE))
    return json.loads(line.removeprefix(WHERE))


def clean(**others: str) -> dict[str, str]:
    """The environment without what would change jax or Python, and with some more."""
    dropped = ("JAX_", "XLA_", "PYTHON", "TF_", "RATIODRIFT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)} | others


def main(name: str, options: str, keywords: str) -> None:
    chosen = json.loads(options)
    if chosen["cores"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen["cores"]])
    import jax

    jax.config.update("jax_num_cpu_devices", chosen["devices"])
    module, function = name.split(":")
    print(WHERE + json.dumps(getattr(importlib.import_module(module), function)(**json.loads(keywords))))


if __name__ == "__main__":
    main(*sys.argv[1:])
