"""Compiled programs, kept between runs of the command."""

from __future__ import annotations

import os
from pathlib import Path

import jax


def keep_compiled_programs() -> None:
    """Let jax keep every compiled program in the user's cache folder, keyed by itself for machine and versions.

    A bandit compiles in about a second and is read back in a twentieth of it. The folder is $RATIODRIFT_CACHE, else
    $XDG_CACHE_HOME/ratiodrift, else ~/.cache/ratiodrift.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("RATIODRIFT_CACHE") or Path(base) / "ratiodrift")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
