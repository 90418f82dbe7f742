"""Compiled programs on the disk: one that is found there is neither traced nor compiled again.

jax's own cache keeps what was compiled, but has to trace a program to know it, which takes longer than a small sweep
runs. A program here is known by what it is made of: the structure (its static fields, the shapes of its numbers), the
code of this package, the versions of what it is built on, jax's settings, and the processor. Programs lie in jax's
cache folder, where `keep_compiled_programs` has switched that on. To read one is to run it, so only files are read
that this user owns and nobody else can write.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from ..experiment import Record
from ..files import is_private, read_own, write_whole
from ..optimizers.base import Optimizer, Transformation
from ..optimizers.registry import OPTIMIZERS, OWN

BUILT_ON = ("jax", "jaxlib", "optax", "numpy", "equinox")
NOT_OF_PROGRAMS = ("cache", "dump", "log", "traceback", "num_cpu_devices")  # settings that change no program
SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


def keep_compiled_programs() -> None:
    """Keep compiled programs, jax's and ours, in the user's cache folder, for this process and those that it starts.

    A bandit compiles in about a second and is read back in a twentieth of it. The folder is $RATIODRIFT_CACHE, else
    $XDG_CACHE_HOME/ratiodrift, else ~/.cache/ratiodrift. Where other users could write into it nothing is kept, which
    is said. What jax keeps is kept per version of this package's code, as ours is: a program that only jax has could
    not be written by us any more.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("RATIODRIFT_CACHE") or Path(base) / "ratiodrift")
    if is_private(folder):
        Cache((str(folder / "jax" / _fixed_surroundings()[0][:12]), 0.0, -1)).use()
    else:
        print(
            f"warning: {folder}: no compiled programs are kept, since others could write there (chmod go-w)",
            file=sys.stderr,
        )


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


def kept(made_of: Any, compile_it: Callable[[], jax.stages.Compiled]) -> jax.stages.Compiled:
    """The program that is made of these plain values and parts, from the disk, or compiled and put there.

    Its arguments and results are lists and dicts of arrays.
    """
    folder = getattr(jax.config, SETTINGS[0])
    name = _name(made_of) if folder is not None and jax.default_backend() == "cpu" else None
    if name is None:
        return compile_it()
    path = Path(folder) / "programs" / name
    if (found := _read(path)) is not None:
        return found
    before = _hits()
    compiled = compile_it()
    # jax cannot write again what it read from its own cache: its functions would be missing
    return _written(path, compiled) if _hits() == before else compiled


_listening, _heard = threading.Event(), threading.local()


def _hits() -> int:
    """How many programs this thread has read from jax's own cache."""
    if not _listening.is_set():
        _listening.set()
        jax.monitoring.register_event_listener(_hear)
    return getattr(_heard, "hits", 0)


def _hear(event: str, **_: Any) -> None:
    if event.endswith("/cache_hits"):
        _heard.hits = getattr(_heard, "hits", 0) + 1


def _name(made_of: Any) -> str | None:
    """What tells a program from all others; None where it has code that could change behind a name."""
    try:
        text = f"{_spelled(made_of)} {_surroundings()}"
    except TypeError:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def _spelled(value: Any) -> str:
    """A value to the last bit. Raises TypeError for what is none of ours: its code is not in the name."""
    if isinstance(value, tuple | list):
        return f"({','.join(map(_spelled, value))})"
    if isinstance(value, dict):
        return f"({','.join(f'{key!r}:{_spelled(item)}' for key, item in value.items())})"
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hashlib.sha256(np.ascontiguousarray(value).data).hexdigest()}"
    if value is None or isinstance(value, bool | int | float | str | np.generic | np.dtype):
        return repr(value)
    kind = type(value)
    foreign = (
        not is_dataclass(value)
        or not kind.__module__.startswith(__name__.removesuffix("execution.program_cache"))
        or kind is Transformation
        or (isinstance(value, Optimizer) and OPTIMIZERS[value.name].module == OWN)
        or (isinstance(value, Record) and value.foreign_probes)
    )
    if foreign:
        raise TypeError(f"{kind.__qualname__} is not known by its fields alone")
    return f"{kind.__qualname__}({','.join(_spelled(getattr(value, each.name)) for each in fields(value))})"


def _surroundings() -> tuple:
    settings = {key: repr(value) for key, value in jax.config.values.items()}
    those = sorted((key, value) for key, value in settings.items() if not any(word in key for word in NOT_OF_PROGRAMS))
    return _fixed_surroundings(), those, jax.config.jax_enable_x64, os.environ.get("XLA_FLAGS", "")  # type: ignore[attr-defined]


@cache
def _fixed_surroundings() -> tuple:
    code = hashlib.sha256()
    root = Path(__file__).parent.parent
    for file in sorted(root.rglob("*.py")):
        code.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return code.hexdigest(), platform.python_version(), platform.machine(), _processor(), tuple(map(_version, BUILT_ON))


def _processor() -> str:
    """What its machine code may use: a program of another processor may not run on this one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("flags", "Features", "model name"))))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _read(path: Path) -> jax.stages.Compiled | None:
    """The program of a file; None where there is none, or a damaged one."""
    try:
        program, inside, outside = pickle.loads(read_own(path))
        trees = (jax.tree.structure(outline) for outline in (inside, outside))
        return deserialize_and_load(program, *trees, execution_devices=jax.local_devices()[:1])  # type: ignore[misc]
    except Exception:  # whatever a damaged file leads to, too: it is compiled and written again
        return None


def _written(path: Path, compiled: jax.stages.Compiled) -> jax.stages.Compiled:
    """Keep a program, where that is possible."""
    try:
        program, inside, outside = serialize(compiled)
        outlines = (jax.tree.unflatten(tree, [0] * tree.num_leaves) for tree in (inside, outside))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, pickle.dumps((program, *outlines), protocol=5), private=True)
    except (NotImplementedError, ValueError, OSError, pickle.PicklingError):
        pass  # it has arrays of its own, or the disk is full: the next process compiles it
    return compiled
