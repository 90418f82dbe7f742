"""Weights & Biases: a run a point and seed in one project, grouped by label. WANDB_MODE=offline is respected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..lanes import Lanes
from .logged import log_all

MAX_RUNS = 128


def write(project: str, lanes: Lanes, tell: Callable[[float], None]) -> int:
    """Log every update, under its step; what is no number is left out."""
    import wandb

    def begin(name: str, group: str, config: dict) -> object:
        return wandb.init(project=project, name=name, group=group, config=config)

    def log(run: Any, row: dict[str, float], step: int) -> None:
        run.log(row, step=step)

    return log_all(lanes, begin, log, lambda run: run.finish(), tell)
