"""Weights & Biases and trackio: a run per point and seed in one project, grouped by label.

Both keep their data where they are set to: WANDB_MODE=offline is respected, TRACKIO_DIR too.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from ..errors import ExportError
from ..lanes import MAX_NAME, Lane, Lanes
from ..source import Tell


def check_installed(package: str) -> None:
    """Raise ExportError where the package is missing."""
    if package not in sys.modules and find_spec(package) is None:
        raise ExportError("format", f"needs the package {package}: pip install 'ratiodrift[{package}]'")


def write(package: str, project: str, lanes: Lanes, tell: Tell) -> int:
    """Log all updates of one run, each under its step, then those of the next. Returns the number of updates.

    What is no number is left out.
    """
    module = import_module(package)
    by_run: dict[tuple[int, int], list[Lane]] = defaultdict(list)
    for done, found in lanes.pieces():
        for lane in found:
            by_run[lane.point, lane.seed].append(lane)
        tell(0.5 * done)
    rows = 0
    for number, ((point, seed), parts) in enumerate(sorted(by_run.items())):
        group = lanes.run.labels[point][:MAX_NAME]
        config = lanes.config(point, seed)
        begun = module.init(project=project, name=f"{group}/seed-{seed}", group=group, config=config)
        run = module if package == "trackio" else begun  # trackio's own functions log into the run that is begun
        steps, values = np.concatenate([part.steps for part in parts]), np.concatenate([part.values for part in parts])
        for at in np.argsort(steps, kind="stable"):
            known = np.flatnonzero(~np.isnan(values[at]))
            run.log({lanes.metrics[which]: float(values[at, which]) for which in known}, step=int(steps[at]))
        run.finish()
        rows += len(steps)
        tell(0.5 + 0.5 * (number + 1) / len(by_run))
    return rows
