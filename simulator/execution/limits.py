"""Whether a run has room: on the disk, and in memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import ScenarioError
from .plan import Plan

IN_FLIGHT = 4  # chunks in memory at once: computed, fetched, made into a table, waiting


def refuse_too_large(name: str, todo: Plan, out: Path, left: float = 1.0) -> None:
    """Raise ScenarioError, with the numbers, where a run would not fit, of which such a share is left to do."""
    if problems := list(too_large(todo, out, left)):
        raise ScenarioError(name, problems)


def too_large(todo: Plan, out: Path, left: float = 1.0) -> Iterator[tuple[str, str]]:
    """What there is too little of: (key, sentence)."""
    disk, free = left * disk_bytes(todo), shutil.disk_usage(nearest(out)).free
    if disk > free:
        yield (
            "record",
            f"about {size(disk)} would be written, and {size(free)} are free in {out}: record fewer rollouts' ratios "
            "(record.ratios.every) or fewer probes, run fewer seeds or points, or use --out",
        )
    needed, there = memory_bytes(todo), memory()
    if there is not None and needed > there:
        yield (
            "training",
            f"one chunk needs about {size(needed)} of memory, and the machine has {size(there)}: fewer prompts, "
            "completions or states, or every n-th rollout's ratios (record.ratios.every)",
        )


def disk_bytes(todo: Plan) -> float:
    """What the tables take on disk, about."""
    return sum(
        cost.disk_bytes * its.lanes * its.num_rollouts for cost, its in zip(todo.costs, todo.layouts, strict=True)
    )


def seconds(todo: Plan) -> float:
    """How long the updates take on one core, about, programs compiled."""
    return sum(cost.seconds * its.lanes * its.num_rollouts for cost, its in zip(todo.costs, todo.layouts, strict=True))


def memory_bytes(todo: Plan) -> float:
    """What the largest chunk takes, about, and what is in flight with it."""
    return max(
        IN_FLIGHT * cost.recorded_bytes * its.width * its.blocks * its.stretch + cost.live_bytes * its.width
        for cost, its in zip(todo.costs, todo.layouts, strict=True)
    )


def memory() -> int | None:
    """How much the machine has, where the system tells."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def nearest(path: Path) -> Path:
    """The path, or its nearest parent that exists."""
    return next(each for each in (path, *path.resolve().parents) if each.exists())


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.0f} PB"
