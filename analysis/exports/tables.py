"""The tables of a run: updates and ratios out of its files part by part, and those that are small."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..run.stored import Stored
from ..run.stored_tokens import ROW, StoredTokens
from .errors import ExportError
from .selection import Selection, is_value
from .source import Pieces, Source, as_table, chosen, kind_of, point_columns, sliced

if TYPE_CHECKING:
    from ..run.run import Run

TOKEN = ("prompt", "completion", "position", "token")
INTEGERS = {  # the columns that rows can be chosen by, beside those of their points
    "updates": ROW,
    "ratios": (*ROW, *TOKEN),
    "readings": ("point", "seed"),
    "summary": ("point",),
    "claims": (),
}
TABLES = tuple(INTEGERS)
KINDS = {"seed": pa.int64(), "clip_active": pa.bool_()}
KINDS |= dict.fromkeys(("point", "rollout", "update", *TOKEN), pa.int32())
Columns = Sequence[str] | None


def updates(run: Run, selection: Selection, columns: Columns) -> Source:
    """A row per point, seed, rollout and update: the metrics that apply to some point of the run."""
    stored, of_points = run.stored_updates, point_columns(run)
    summary = run.directory / "summary.parquet"
    applying = pq.read_schema(summary).names if summary.is_file() else run.readings.columns  # others are empty
    metrics = [name for name in stored.names if name in run.manifest["metrics"] and name in applying]
    ids = (*ROW, *of_points)
    return _stored(stored, of_points, ids, chosen(columns, ids, metrics), selection)


def ratios(run: Run, selection: Selection, columns: Columns) -> Source:
    """A row per recorded token and update. Raises ExportError where none were recorded."""
    if not run.has_ratios:
        raise ExportError("table", "no ratios were recorded: the scenario wants [record] ratios = {}")
    stored, of_points = run.stored_ratios, point_columns(run)
    ids = (*ROW, *TOKEN, "reward", "advantage", *of_points)
    values = [name for name in stored.names if name not in ids]
    return _stored(stored, of_points, ids, chosen(columns, ids, values), selection)


def readings(run: Run, selection: Selection, columns: Columns) -> Source:
    """A row per point and seed: the value of each metric that stands for the run."""
    of_points = point_columns(run)
    ids = ("point", "seed", *of_points)
    frame = run.readings[selection.rows(run.readings)]
    metrics = chosen(columns, ids, [name for name in frame.columns if name not in ids])
    return _whole(frame, of_points, ids, metrics)


def summary(run: Run, selection: Selection, columns: Columns) -> Source:
    """A row per point: the mean over seeds of each metric, with its interval in `…:low` and `…:high`."""
    of_points = point_columns(run)
    ids = tuple(dict.fromkeys(["point", *of_points, "seeds"]))
    frame = run.summary[selection.rows(run.summary)]
    values = [name for name in frame.columns if name not in ids]
    wanted = chosen(columns, ids, [name for name in values if not name.endswith((":low", ":high"))])
    return _whole(frame, of_points, ids, [name for name in values if name.rsplit(":", 1)[0] in wanted])


def claims(run: Run, where: dict[str, list[Any]], columns: Columns) -> Source:
    """A row per claim of the scenario, as claims.json has it; what is itself a table there is JSON here.

    Raises ExportError where there are none.
    """
    if not run.verdicts:
        raise ExportError("table", "the scenario makes no claims")
    frame = pd.DataFrame([{name: _flat(value) for name, value in claim.items()} for claim in run.verdicts])
    for name, wanted in where.items():
        chosen([name], (), list(frame.columns))
        frame = frame[[any(is_value(value, each) for each in wanted) for value in frame[name]]]
    return _whole(frame, {}, (), chosen(columns, (), list(frame.columns)))


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


SOURCES: dict[str, Callable[[Run, Selection, Columns], Source]] = {
    "updates": updates,
    "ratios": ratios,
    "readings": readings,
    "summary": summary,
}


def _whole(frame: pd.DataFrame, of_points: dict[str, pa.Array], ids: tuple[str, ...], values: list[str]) -> Source:
    """A table that is in memory."""
    names = [name for name in ids if name in frame.columns or name in of_points] + values
    kinds = {name: kind_of(frame[name]) if name in frame.columns else of_points[name].type for name in names}
    schema = pa.schema(list(kinds.items()))
    return Source(schema, ids, partial(sliced, 0.0, 1.0, as_table(frame, schema, of_points)))


def _stored(
    stored: Stored, of_points: dict[str, pa.Array], ids: tuple[str, ...], values: list[str], selection: Selection
) -> Source:
    """A table that is read part by part."""
    ids = tuple(name for name in ids if name in stored.names or name in of_points)
    names = [name for name in (*ids, *values) if name not in of_points]
    kinds = _kinds(stored) | {name: column.type for name, column in of_points.items()}
    schema = pa.schema([(name, kinds[name]) for name in (*ids, *values)])

    def pieces() -> Pieces:
        share = 1.0 / len(stored.parts)
        read = stored.each(list(dict.fromkeys([*names, *selection.reads])), point=selection.points)
        for number, frame in enumerate(read):
            frame = frame[selection.rows(frame)]
            yield from sliced(number * share, share, as_table(frame, schema, of_points))

    return Source(schema, ids, pieces)


def _kinds(stored: Stored) -> dict[str, pa.DataType]:
    """The type of each column: its file's, with the values of a list for a list."""
    first = stored.parts[0]
    if isinstance(first, Path):
        paths = [first.parent.parent / "tokens" / first.name, first] if isinstance(stored, StoredTokens) else [first]
        fields = [field for path in paths for field in pq.read_schema(path)]
        found = {each.name: each.type.value_type if pa.types.is_list(each.type) else each.type for each in fields}
    else:
        found = {name: kind_of(first[name]) for name in first.columns}
    return found | {name: kind for name, kind in KINDS.items() if name in found}
