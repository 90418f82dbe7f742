"""Whether a run has room: on the disk, and in memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import ScenarioError
from .plan import Plan

IN_FLIGHT = 4  # chunks in memory at once: computed, fetched, made into a table, waiting


def refuse_too_large(name: str, plan: Plan, out: Path, left: float = 1.0) -> None:
    """Raise ScenarioError, with the numbers, where a run would not fit, of which such a share is left to do."""
    if problems := list(too_large(plan, out, left)):
        raise ScenarioError(name, problems)


def too_large(plan: Plan, out: Path, left: float = 1.0) -> Iterator[tuple[str, str]]:
    """What there is too little of: (key, sentence)."""
    disk, free = left * disk_bytes(plan), shutil.disk_usage(nearest(out)).free
    if disk > free:
        yield (
            "record",
            f"about {size(disk)} would be written, and {size(free)} are free in {out}: record fewer rollouts' ratios "
            "(record.ratios.every) or fewer probes, run fewer seeds or points, or use --out",
        )
    needed, there = memory_bytes(plan), memory()
    if there is not None and needed > there:
        yield (
            "training",
            f"one chunk needs about {size(needed)} of memory, and the machine has {size(there)}: fewer prompts, "
            "completions or states, or every n-th rollout's ratios (record.ratios.every)",
        )


def disk_bytes(plan: Plan) -> float:
    """What the tables take on disk, about."""
    return _summed(plan, "disk_bytes")


def seconds(plan: Plan) -> float:
    """How long the updates take on one core, about, programs compiled."""
    return _summed(plan, "seconds")


def _summed(plan: Plan, name: str) -> float:
    """What all rollouts of all lanes cost."""
    pairs = zip(plan.costs, plan.layouts, strict=True)
    return sum(getattr(cost, name) * layout.lanes * layout.num_rollouts for cost, layout in pairs)


def memory_bytes(plan: Plan) -> float:
    """What the largest chunk takes, about, and what is in flight with it."""
    return max(
        IN_FLIGHT * cost.recorded_bytes * layout.lanes_per_job * layout.rollouts_per_chunk
        + cost.live_bytes * layout.lane_width
        for cost, layout in zip(plan.costs, plan.layouts, strict=True)
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
