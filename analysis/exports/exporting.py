"""`export`: a run's data, or some of it, in a format that another tool reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import figures
from .errors import ExportError, check_known
from .formats import FILES, MAX_RUNS, tensorboard, trackers
from .lanes import Lanes
from .selection import Span, by_column, select
from .source import Source, Tell, long
from .tables import INTEGERS, SOURCES, TABLES, claims
from .trainer_names import TRAINERS
from .trainer_names.rows import trainer_rows
from .writing import whole

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


@dataclass(frozen=True)
class Exported:
    """What was written: where to (None where a tool keeps it), how many of what, and how to read it or where it is."""

    path: Path | None
    count: int
    of: str
    hint: str


def export(
    run: Run,
    format: str = "parquet",
    table: str = "updates",
    shape: str = "wide",
    where: Where = (),
    rollouts: Span = None,
    updates: Span = None,
    columns: Sequence[str] | None = None,
    metric_names: str = OURS,
    out: Path | str | None = None,
    force: bool = False,
    tell: Tell | None = None,
) -> Path | None:
    """Write a table of a run, or its figures; returns where to, or None where a tool (wandb, trackio) keeps it.

    `table` is updates, ratios, readings, summary or claims; `shape` wide (one column per metric) or long (one row per
    value). `where` chooses by swept values, label, point, seed, …: {"optimizer": ["adamw", "lion"], "seed": 3}.
    `rollouts` and `updates` are ranges without their ends, "0:10" or (0, 10). `columns` names metrics, or figures.
    `metric_names` is a trainer's, by whose definitions its metrics are worked out. `out` is a file or folder, in the
    run's `export/` when left out. `tell` is called with the share of the work that is done. Raises ExportError, and
    then leaves nothing.
    """
    request = Request(format, table, shape, where, rollouts, updates, columns, metric_names, out, force)
    return exported(run, request, tell or (lambda done: None)).path


def exported(run: Run, request: Request, tell: Tell) -> Exported:
    """Write what is asked for; returns where it is, how much it is, and how to read it. Raises ExportError."""
    if request.format in FIGURES:
        return _figures(run, request, tell)
    where = list(request.where.items()) if isinstance(request.where, Mapping) else list(request.where)
    spans = {"rollouts": request.rollouts, "updates": request.updates}
    if request.table == "claims":
        for option in (option for option, span in spans.items() if span is not None):
            raise ExportError(option, f"this table has no {option}: it has a row a claim of the scenario")
        return _file(run, request, claims(run, by_column(where), request.columns), tell)
    selection = select(run, where, spans, INTEGERS[request.table])
    if request.metric_names != OURS:
        source = trainer_rows(run, TRAINERS[request.metric_names], selection, request.columns)
    else:
        source = SOURCES[request.table](run, selection, request.columns)
    if request.format in FILES:
        return _file(run, request, source, tell)
    points, most = len(selection.points), MAX_RUNS[request.format]
    seeds = len(set(selection.equal.get("seed", range(run.manifest["plan"]["seeds"]))))
    if points * seeds > most:
        product = f"{points:,} points × {seeds:,} seeds are {points * seeds:,} runs"
        raise ExportError("where", f"{product}; {request.format} gets {most:,} at most: choose, as in seed=0")
    lanes = Lanes(run, source)
    return _events(run, request, lanes, tell) if request.format == "tensorboard" else _logged(request, lanes, tell)


def _file(run: Run, request: Request, source: Source, tell: Tell) -> Exported:
    """One file of a table."""
    source = long(source) if request.shape == "long" else source
    path, kind = request.path(run), FILES[request.format]
    with whole(path, request.force) as temporary:
        rows = _some(kind.write(temporary, source, tell))
    read = kind.read_with.format(path=path, column=source.schema.names[-1])
    return Exported(path, rows, "row", f"read it with {read}")


def _events(run: Run, request: Request, lanes: Lanes, tell: Tell) -> Exported:
    """A folder of event files."""
    tensorboard.check_installed()
    path = request.path(run)
    with whole(path, request.force, tensorboard.PATTERN) as temporary:
        rows = _some(tensorboard.write(temporary, lanes, tell))
    return Exported(path, rows, "update", f'look at it with tensorboard --logdir "{path}"')


def _logged(request: Request, lanes: Lanes, tell: Tell) -> Exported:
    """Runs in a tool that has a place of its own for them."""
    if request.out is not None:
        raise ExportError("out", f"{request.format} keeps what it is told in a place of its own (docs/exports.md)")
    trackers.check_installed(request.format)
    project = f"ratiodrift-{lanes.run.manifest['name']}"
    rows = _some(trackers.write(request.format, project, lanes, tell))
    return Exported(None, rows, "update", f"in the project {project!r} of {request.format}")


def _figures(run: Run, request: Request, tell: Tell) -> Exported:
    """A folder of pictures."""
    if request.where or request.rollouts or request.updates:
        raise ExportError("where", "figures are of the whole run; --columns names some of them")
    found = figures.drawn(run, request.columns)
    path = request.path(run)
    with whole(path, request.force, f"*.{request.format}") as temporary:
        count = figures.write(temporary, found, request.format, tell)
    return Exported(path, count, "figure", ", ".join(f"{figure.name}.{request.format}" for figure in found))


def _some(rows: int) -> int:
    """The count of rows. Raises ExportError where there are none."""
    if not rows:
        raise ExportError("", "nothing is left: no row of the table is within all that was asked for")
    return rows
