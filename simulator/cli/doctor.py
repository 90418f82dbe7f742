"""`ratiodrift doctor`: what is installed, on which device jax runs, and whether it computes right."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("ratiodrift", "jax", "jaxlib", "optax", "numpy", "scipy", "pandas", "pyarrow", "plotly", "pydantic", "rich")
# two arms, SGD 0.2, one update from the uniform policy: both logits move by 0.2 · 1/4, so ρ = 2/(1 + e^{-0.1})
EXPECTED = 1.0499583749


def execute(options: argparse.Namespace) -> int:
    """Print the state of the installation; exit code 1 when the simulator does not compute what it must."""
    print(f"python      {platform.python_version()} on {platform.platform(terse=True)}, {os.cpu_count()} processors")
    for package in PACKAGES:
        print(f"{package:<12}{_version(package)}")
    import jax

    from ..execution.program_cache import cores, use_all_cores

    use_all_cores()
    kinds = Counter((device.device_kind, device.platform) for device in jax.devices())
    for (kind, platform_name), count in kinds.items():
        print(f"device      {count} × {kind} ({platform_name}){' one per core' if platform_name == 'cpu' else ''}")
    measured = _one_update()
    right = abs(measured - EXPECTED) < 1e-9
    verdict = "works" if right else "IS WRONG"
    print(f"float64     {verdict}: one update gives the ratio {measured:.10f}, by hand {EXPECTED:.10f}")
    print(f"engines     inline ({jax.local_device_count()} devices), processes ({len(cores()) or 1} cores), {_ray()}")
    print(f"writing     {_writing()}")
    return 0 if right else 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is missing: reinstall ratiodrift"


def _ray() -> str:
    try:
        return f"ray {version('ray')}"
    except PackageNotFoundError:
        return "ray (not installed: pip install 'ratiodrift[ray]')"


def _one_update() -> float:
    import jax

    from ..loop import simulate
    from ..scenario.load import load

    tables = {
        "title": "doctor",
        "question": "doctor",
        "environment": {"kind": "bandit", "rewards": [[1.0, 0.0]]},
        "method": {"name": "dr_grpo"},
        "optimizer": {"name": "sgd", "learning_rate": 0.2},
        "rollouts": {"kind": "fixed", "completions": [[[0], [1]]]},
        "training": {"num_rollouts": 1, "group_size": 2},
    }
    with jax.enable_x64(True):
        trace = jax.jit(simulate)(load(tables).points[0].experiment, jax.random.key(0))
        return float(trace.metrics["ratio/max"][0, 0])


def _writing() -> str:
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd()):
            return f"works in {Path.cwd()}"
    except OSError as error:
        return f"fails in {Path.cwd()}: {error.strerror}; use run --out"
