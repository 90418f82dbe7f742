"""On what it was measured."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

VERSIONS_OF = ("ratiodrift", "jax", "jaxlib", "optax", "numpy", "pyarrow", "torch", "trl", "transformers")


def describe() -> dict[str, object]:
    """What a result depends on and does not change while it is measured."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "cores_used": cores_used(),
        "memory_gib": _memory(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: found for name in VERSIONS_OF if (found := _version(name))},
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores_used() -> int:
    """The goals are for two."""
    return min(2, cores())


def load_average() -> float:
    """Of the last minute; what else was running while it was measured."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else float("nan")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    lines = info.read_text(encoding="utf-8").splitlines()
    said = dict(map(_pair, lines))
    name = said.get("model name", platform.machine())
    return f"{name}, AVX-512" if "avx512f" in said.get("flags", "") else name


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()


def _memory() -> float | None:
    if not hasattr(os, "sysconf"):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
