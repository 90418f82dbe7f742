"""What tools that take one run after the other have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..lanes import MAX_NAME, Lane, Lanes
from ..problems import ExportError


def available(package: str) -> None:
    """Raises ExportError where the package is missing."""
    import sys

    if package not in sys.modules and find_spec(package) is None:
        raise ExportError("format", f"needs the package {package}: pip install 'ratiodrift[{package}]'")


def log_all(
    lanes: Lanes,
    begin: Callable[[str, str, dict[str, Any]], Any],
    log: Callable[[Any, dict[str, float], int], None],
    finish: Callable[[Any], None],
    tell: Callable[[float], None],
) -> int:
    """Give a tool all rows of one run, then those of the next, in the order of their steps. Returns the rows."""
    whole: dict[tuple[int, int], list[Lane]] = defaultdict(list)
    for done, found in lanes.pieces():
        for lane in found:
            whole[lane.point, lane.seed].append(lane)
        tell(0.5 * done)
    rows = 0
    for number, ((point, seed), parts) in enumerate(sorted(whole.items())):
        group = lanes.run.labels[point][:MAX_NAME]
        run = begin(f"{group}/seed-{seed}", group, lanes.config(point, seed))
        steps, values = np.concatenate([part.steps for part in parts]), np.concatenate([part.values for part in parts])
        for at in np.argsort(steps, kind="stable"):
            there = np.flatnonzero(~np.isnan(values[at]))
            log(run, {lanes.metrics[which]: float(values[at, which]) for which in there}, int(steps[at]))
        finish(run)
        rows += len(steps)
        tell(0.5 + 0.5 * (number + 1) / len(whole))
    return rows
