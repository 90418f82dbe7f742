"""Compiled programs, kept between runs of the command; and on how many devices they run."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import jax

SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


def keep_compiled_programs() -> None:
    """Let jax keep every compiled program in the user's cache folder, keyed by itself for machine and versions.

    A bandit compiles in about a second and is read back in a twentieth of it. The folder is $RATIODRIFT_CACHE, else
    $XDG_CACHE_HOME/ratiodrift, else ~/.cache/ratiodrift.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("RATIODRIFT_CACHE") or Path(base) / "ratiodrift")
    Cache((str(folder / "jax"), 0.0, -1)).use()


def use_all_cores() -> None:
    """Make every core a device of its own, unless jax has computed already. The library never does it."""
    with suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", max(len(cores()), 1))


def cores() -> list[int]:
    """The cores that this process may use, where the system tells."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@dataclass(frozen=True)
class Cache:
    """Where this process keeps compiled programs, for others to do the same."""

    values: tuple

    @classmethod
    def now(cls) -> Cache:
        return cls(tuple(getattr(jax.config, name) for name in SETTINGS))

    def use(self) -> None:
        for name, value in zip(SETTINGS, self.values, strict=True):
            jax.config.update(name, value)
