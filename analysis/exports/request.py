"""What is asked for: which rows and columns of which table, in which format, under whose names, where to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import figures
from .formats import arrow, csv, jsonl, npz, parquet, tensorboard, trackio, wandb
from .problems import ExportError, one_of
from .selection import Span
from .tables import TABLES
from .trainer_names import TRAINERS

if TYPE_CHECKING:
    from ..run.run import Run

FILES = {"parquet": parquet, "csv": csv, "jsonl": jsonl, "npz": npz, "arrow": arrow}
LOGGED = {"wandb": wandb, "trackio": trackio}
FOLLOWED = {"tensorboard": tensorboard, **LOGGED}
FIGURES = figures.FORMATS
FORMATS = (*FILES, *FOLLOWED, *FIGURES)
SHAPES = ("wide", "long")
OURS = "ratiodrift"

Where = Mapping[str, Any] | Iterable[tuple[str, Any]]


@dataclass(frozen=True)
class Request:
    """What is to be exported, and where to; `export` says what each option means."""

    format: str = "parquet"
    table: str = "updates"
    shape: str = "wide"
    where: Where = ()
    rollouts: Span = None
    updates: Span = None
    columns: Sequence[str] | None = None
    metric_names: str = OURS
    out: Path | str | None = None
    force: bool = False

    def __post_init__(self) -> None:
        one_of("format", self.format, FORMATS)
        one_of("table", self.table, TABLES)
        one_of("shape", self.shape, SHAPES)
        one_of("metric-names", self.metric_names, (OURS, *TRAINERS))
        if self.metric_names != OURS and self.table != "updates":
            raise ExportError("metric-names", f"a trainer's metrics are a table of updates, not of {self.table}")
        if self.format in FIGURES and (self.table, self.shape, self.metric_names) != ("updates", "wide", OURS):
            raise ExportError("format", f"{self.format} is of the report's figures, which are no table")
        if self.format in FOLLOWED and self.table != "updates":
            raise ExportError("table", f"{self.format} takes updates, not {self.table}")
        if self.format in FOLLOWED and self.shape == "long":
            raise ExportError("shape", f"{self.format} has neither: it takes a value at a time")

    def path(self, run: Run) -> Path:
        """Where to: what was said, or `export/<table>.<format>` in the run's directory."""
        if self.out is not None:
            return Path(self.out)
        if self.format in FILES:
            trainer, shape = self.metric_names, self.shape
            parts = [self.table, *([trainer] if trainer != OURS else []), *([shape] if shape != "wide" else [])]
            return run.directory / "export" / f"{'-'.join(parts)}.{self.format}"
        return run.directory / "export" / self.format
