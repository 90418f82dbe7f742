"""Compiled programs on the disk: one that is found there is neither traced nor compiled again.

jax's own cache keeps what was compiled, but has to trace a program to know it, which takes longer than a small sweep
runs. A program here is known by what it is made of: the structure (its static fields, the shapes of its numbers), the
code of this package, the versions of what it is built on, jax's settings, and the processor. They lie in jax's cache
folder, and only where that is switched on (simulator/execution/compilation.py).
"""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from ..files import write_whole
from ..optimizers.base import Optimizer, Transformation
from ..optimizers.registry import OPTIMIZERS, OWN

BUILT_ON = ("jax", "jaxlib", "optax", "numpy", "equinox")
NOT_OF_PROGRAMS = ("cache", "dump", "log", "traceback", "num_cpu_devices")  # settings that change no program


def kept(made_of: Any, compile_it: Callable[[], jax.stages.Compiled]) -> jax.stages.Compiled:
    """The program that is made of these plain values and parts, from the disk, or compiled and put there.

    Its arguments and results are lists and dicts of arrays.
    """
    folder = jax.config.jax_compilation_cache_dir
    name = _name(made_of) if folder is not None and jax.default_backend() == "cpu" else None
    if name is None:
        return compile_it()
    path = Path(folder) / "programs" / name
    if (found := _read(path)) is not None:
        return found
    with _not_in_jaxs_cache() as compiled_here:
        compiled = compile_it()
    return _written(path, compiled) if compiled_here() else compiled


@contextmanager
def _not_in_jaxs_cache() -> Iterator[Callable[[], bool]]:
    """What is compiled meanwhile does not go into jax's own cache; yields whether it did not come from there either.

    A program that jax reads from its cache cannot be written again: its functions would be missing.
    """
    global _compiling, _usual
    if not _listening.is_set():
        _listening.set()
        jax.monitoring.register_event_listener(_hear)
    _heard.hits = 0
    with _lock:
        if not _compiling:
            _usual = getattr(jax.config, SHORTEST)
            jax.config.update(SHORTEST, math.inf)
        _compiling += 1
    try:
        yield lambda: _heard.hits == 0
    finally:
        with _lock:
            _compiling -= 1
            if not _compiling:
                jax.config.update(SHORTEST, _usual)


SHORTEST = "jax_persistent_cache_min_compile_time_secs"
_lock, _listening, _heard = threading.Lock(), threading.Event(), threading.local()
_compiling, _usual = 0, 0.0


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
        return f"{value.dtype}{value.shape}{hashlib.sha256(np.ascontiguousarray(value)).hexdigest()}"
    if value is None or isinstance(value, bool | int | float | str | np.generic | np.dtype):
        return repr(value)
    kind = type(value)
    foreign = (
        not is_dataclass(value)
        or not kind.__module__.startswith(__name__.removesuffix("execution.program_cache"))
        or kind is Transformation
    )
    if foreign or isinstance(value, Optimizer) and OPTIMIZERS[value.name].module == OWN:
        raise TypeError(f"{kind.__qualname__} is not known by its fields alone")
    return f"{kind.__qualname__}({','.join(_spelled(getattr(value, each.name)) for each in fields(value))})"


def _surroundings() -> tuple:
    settings = {key: repr(value) for key, value in jax.config.values.items()}
    those = sorted((key, value) for key, value in settings.items() if not any(word in key for word in NOT_OF_PROGRAMS))
    return _fixed_surroundings(), those, jax.config.jax_enable_x64, os.environ.get("XLA_FLAGS", "")


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
        program, inside, outside = pickle.loads(path.read_bytes())
        trees = (jax.tree.structure(outline) for outline in (inside, outside))
        return deserialize_and_load(program, *trees, execution_devices=jax.local_devices()[:1])
    except Exception:  # whatever a damaged file leads to, too: it is compiled and written again
        return None


def _written(path: Path, compiled: jax.stages.Compiled) -> jax.stages.Compiled:
    """Keep a program, where that is possible."""
    try:
        program, inside, outside = serialize(compiled)
        outlines = (jax.tree.unflatten(tree, [0] * tree.num_leaves) for tree in (inside, outside))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, pickle.dumps((program, *outlines), protocol=5))
    except (NotImplementedError, ValueError, OSError, pickle.PicklingError):
        pass  # it has arrays of its own, or the disk is full: the next process compiles it
    return compiled
