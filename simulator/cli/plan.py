"""`ratiodrift plan`: what a scenario would compute and write, before anything runs."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from .scenario import read_scenario

SECONDS_A_PROGRAM = 2.5  # to compile one, about; a tenth of that where it was kept
MAX_LINES = 20


def execute(options: argparse.Namespace) -> int:
    """Print the plan; exit code 2 where there is no room for it."""
    from ..errors import ScenarioError
    from ..execution.limits import disk_bytes, memory, memory_bytes, nearest, seconds, too_large
    from ..execution.plan import make_plan
    from ..execution.program_cache import cores

    scenario = read_scenario(options.scenario, options)
    plan, out = make_plan(scenario), Path(options.out)
    problems = list(too_large(plan, out))
    found: dict[str, Any] = plan.describe() | {
        "programs": len(plan.structures),
        "cores": len(cores()) or 1,
        "core_seconds": seconds(plan),
        "disk_bytes": disk_bytes(plan),
        "disk_free_bytes": shutil.disk_usage(nearest(out)).free,
        "memory_bytes": memory_bytes(plan),
        "machine_memory_bytes": memory(),
        "problems": problems,
    }
    print(json.dumps(found, indent=1) if options.json else _text(scenario.name, plan, found))
    if problems:
        raise ScenarioError(scenario.name, problems)
    return 0


def _text(name: str, plan: Any, found: dict[str, Any]) -> str:
    from ..execution.limits import size

    runs = plan.num_points * plan.seeds
    lines = [
        f"{name}: {_count(plan.num_points, 'point')} × {_count(plan.seeds, 'seed')} = {_count(runs, 'run')}, "
        f"{_count(plan.num_updates, 'update')}",
        "",
        f"{'program':<30}{'points':>8}{'lanes':>8}{'blocks':>8}{'rollouts':>10}{'chunks':>12}",
    ]
    pairs = list(zip(plan.structures, plan.layouts, strict=True))
    for group, layout in pairs[:MAX_LINES]:
        lines.append(
            f"{_program(group.example):<30}{len(group.points):>8,}{layout.lane_width:>8}{layout.blocks_per_job:>8}"
            f"{layout.rollouts_per_chunk:>10,}{layout.num_jobs * layout.chunks_per_job:>12,}"
        )
    if len(pairs) > MAX_LINES:
        lines.append(f"… and {len(pairs) - MAX_LINES} programs more")
    lines += [
        "a chunk is computed, written and resumed whole: blocks of lanes (runs side",
        "by side) through so many rollouts",
        "",
        f"compile   {_count(len(pairs), 'program')}: about {_time(len(pairs) * SECONDS_A_PROGRAM)}, a tenth where kept",
        f"compute   about {_time(found['core_seconds'] / found['cores'])} on {_count(found['cores'], 'core')}",
        f"write     about {size(found['disk_bytes'])} in {_count(plan.num_chunks, 'chunk')}; "
        f"{size(found['disk_free_bytes'])} are free",
        f"memory    about {size(found['memory_bytes'])} beside jax's own 0.4 GB"
        + (f"; the machine has {size(there)}" if (there := found["machine_memory_bytes"]) else ""),
    ]
    return "\n".join(lines)


def _program(experiment: Any) -> str:
    """What tells programs apart, in short."""
    method = experiment.method
    words = (
        experiment.environment.kind,
        experiment.policy.kind,
        method.name or method.dialect,
        experiment.optimizer.name,
    )
    text = " ".join(words)
    return text if len(text) < 30 else text[:28] + "…"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"


def _time(seconds: float) -> str:
    for length, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.2g} seconds"
