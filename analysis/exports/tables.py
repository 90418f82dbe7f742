"""The tables of a run by name: large ones out of its files part by part, small ones from memory."""

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
from .problems import ExportError
from .selection import Selection, is_value
from .sources import Pieces, PointColumns, Source, as_table, chosen, kind_of, sliced

if TYPE_CHECKING:
    from ..run.run import Run

TOKEN = ("prompt", "completion", "position", "token")
KINDS = {
    "point": pa.int32(),
    "seed": pa.int64(),
    "rollout": pa.int32(),
    "update": pa.int32(),
    "clip_active": pa.bool_(),
}
KINDS |= dict.fromkeys(TOKEN, pa.int32())


def updates(run: Run, selection: Selection, columns: Sequence[str] | None) -> Source:
    """A row per point, seed, rollout and update: the metrics that apply to some point of the run."""
    stored, described = run.stored_updates, PointColumns(run)
    recorded = [name for name in stored.names if name in run.manifest["metrics"]]
    ids = (*ROW, *described.values)
    metrics = chosen(columns, ids, _applying(run, recorded))
    return _stored(stored, described, ids, metrics, selection)


def ratios(run: Run, selection: Selection, columns: Sequence[str] | None) -> Source:
    """A row a recorded token and update. Raises ExportError where none were recorded."""
    if not run.has_ratios:
        raise ExportError("table", "no ratios were recorded: the scenario wants [record] ratios = {}")
    stored, described = run.stored_ratios, PointColumns(run)
    ids = (*ROW, *TOKEN, "reward", "advantage", *described.values)
    values = [name for name in stored.names if name not in ids]
    return _stored(stored, described, ids, chosen(columns, ids, values), selection)


def _applying(run: Run, recorded: list[str]) -> list[str]:
    """The metrics that apply to some point: the others are empty columns of its files."""
    if (run.directory / "summary.parquet").is_file():
        there = set(pq.read_schema(run.directory / "summary.parquet").names)
        return [name for name in recorded if name in there]
    return [name for name in recorded if name in run.readings.columns]


def _stored(
    stored: Stored, described: PointColumns, ids: tuple[str, ...], values: list[str], selection: Selection
) -> Source:
    """A table that is read part by part."""
    kinds = _kinds(stored)
    ids = tuple(name for name in ids if name in stored.names or name in described.values)
    names = [name for name in (*ids, *values) if name not in described.values]
    types = kinds | {name: column.type for name, column in described.values.items()}
    schema = pa.schema([(name, types[name]) for name in (*ids, *values)])

    def pieces() -> Pieces:
        share = 1.0 / len(stored.parts)
        read = stored.each(list(dict.fromkeys([*names, *selection.reads])), point=selection.points)
        for number, frame in enumerate(read):
            frame = frame[selection.rows(frame)]
            yield from sliced(number * share, share, as_table(frame, schema, described))

    return Source(schema, ids, pieces)


def _kinds(stored: Stored) -> dict[str, pa.DataType]:
    """The type of each column: its file's, with the values of a list for a list."""
    first = stored.parts[0]
    if isinstance(first, Path):
        paths = [first, first.parent.parent / "tokens" / first.name] if isinstance(stored, StoredTokens) else [first]
        fields = [field for path in reversed(paths) for field in pq.read_schema(path)]
        found = {each.name: each.type.value_type if pa.types.is_list(each.type) else each.type for each in fields}
    else:
        found = {name: kind_of(first[name]) for name in first.columns}
    return found | {name: kind for name, kind in KINDS.items() if name in found}


def readings(run: Run, selection: Selection, columns: Sequence[str] | None) -> Source:
    """A row per point and seed: the value of each metric that stands for the run."""
    described = PointColumns(run)
    ids = ("point", "seed", *described.values)
    frame = run.readings[selection.rows(run.readings)]
    metrics = chosen(columns, ids, [name for name in frame.columns if name not in ids])
    return _whole(frame, described, ids, metrics)


def summary(run: Run, selection: Selection, columns: Sequence[str] | None) -> Source:
    """A row per point: the mean over seeds of each metric, with its interval in `…:low` and `…:high`."""
    described = PointColumns(run)
    ids = tuple(dict.fromkeys(["point", *described.values, "seeds"]))
    frame = run.summary[selection.rows(run.summary)]
    values = [name for name in frame.columns if name not in ids]
    metrics = [name for name in values if not name.endswith((":low", ":high"))]
    wanted = chosen(columns, ids, metrics)
    return _whole(frame, described, ids, [name for name in values if name.rsplit(":", 1)[0] in wanted])


def claims(run: Run, where: dict[str, list[Any]], columns: Sequence[str] | None) -> Source:
    """A row a claim of the scenario, as claims.json has it; what is itself a table there is JSON here.

    Raises ExportError where there are none.
    """
    if not run.verdicts:
        raise ExportError("table", "the scenario makes no claims")
    frame = pd.DataFrame([{name: _plain(value) for name, value in claim.items()} for claim in run.verdicts])
    for name, wanted in where.items():
        chosen([name], (), list(frame.columns))
        frame = frame[[any(is_value(value, each) for each in wanted) for value in frame[name]]]
    names = chosen(columns, (), list(frame.columns))
    return _whole(frame, PointColumns(run), (), names)


def _whole(frame: pd.DataFrame, described: PointColumns, ids: tuple[str, ...], values: list[str]) -> Source:
    """A table that is in memory."""
    names = [name for name in ids if name in frame.columns or name in described.values] + values
    inferred = {name: kind_of(frame[name]) for name in names if name in frame.columns}
    schema = pa.schema([(name, inferred.get(name) or described.values[name].type) for name in names])
    return Source(schema, ids, partial(sliced, 0.0, 1.0, as_table(frame, schema, described)))


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


INTEGERS = {  # the columns that rows can be chosen by, beside what describes their points
    "updates": ROW,
    "ratios": (*ROW, *TOKEN),
    "readings": ("point", "seed"),
    "summary": ("point",),
    "claims": (),
}
TABLES = tuple(INTEGERS)
SOURCES: dict[str, Callable[..., Source]] = {
    "updates": updates,
    "ratios": ratios,
    "readings": readings,
    "summary": summary,
}
