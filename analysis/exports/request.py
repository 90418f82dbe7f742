"""What is asked for: which rows and columns of which table, in which format, under whose names, where to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import figures
from .errors import ExportError, check_known
from .formats import FILES, MAX_RUNS
from .selection import Span
from .tables import TABLES
from .trainer_names import TRAINERS

if TYPE_CHECKING:
    from ..run.run import Run

FIGURES = figures.FORMATS
FORMATS = (*FILES, *MAX_RUNS, *FIGURES)
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
        check_known("format", self.format, FORMATS)
        check_known("table", self.table, TABLES)
        check_known("shape", self.shape, SHAPES)
        check_known("metric-names", self.metric_names, (OURS, *TRAINERS))
        if self.metric_names != OURS and self.table != "updates":
            raise ExportError("metric-names", f"a trainer's metrics are a table of updates, not of {self.table}")
        if self.format in FIGURES and (self.table, self.shape, self.metric_names) != ("updates", "wide", OURS):
            raise ExportError("format", f"{self.format} is of the report's figures, which are no table")
        if self.format in MAX_RUNS and self.table != "updates":
            raise ExportError("table", f"{self.format} takes updates, not {self.table}")
        if self.format in MAX_RUNS and self.shape == "long":
            raise ExportError("shape", f"{self.format} has neither: it takes a value at a time")

    def path(self, run: Run) -> Path:
        """Where to: `out`, or `export/<table>.<format>` in the run's directory."""
        if self.out is not None:
            return Path(self.out)
        if self.format not in FILES:
            return run.directory / "export" / self.format
        parts = [self.table] + [name for name in (self.metric_names, self.shape) if name not in (OURS, "wide")]
        return run.directory / "export" / f"{'-'.join(parts)}.{self.format}"
