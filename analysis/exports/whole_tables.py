"""The tables of a run that are small: readings, summary and claims."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from .holders import is_value
from .points import PointColumns
from .problems import ExportError
from .selection import Selection
from .sources import Source, as_table, chosen, kind_of, sliced

if TYPE_CHECKING:
    from ..run.run import Run


def readings(run: Run, selection: Selection, columns: Sequence[str] | None) -> Source:
    """A row a point and seed: the value of each metric that stands for the run."""
    described = PointColumns(run)
    ids = ("point", "seed", *described.values)
    frame = run.readings[selection.rows(run.readings)]
    metrics = chosen(columns, ids, [name for name in frame.columns if name not in ids])
    return _whole(frame, described, ids, metrics)


def summary(run: Run, selection: Selection, columns: Sequence[str] | None) -> Source:
    """A row a point: the mean over seeds of each metric, with its interval in `…:low` and `…:high`."""
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
