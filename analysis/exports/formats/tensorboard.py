"""TensorBoard: a folder a run, `<label>/seed-3`, with its event file; a scalar a metric, a step an update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from ..lanes import Lane, Lanes
from ..problems import ExportError
from .records import framed

MAX_RUNS = 512
NAME = "events.out.tfevents.0.ratiodrift"
OURS = "events.out.tfevents.*"
VERSION = "brain.Event:2"
AT_ONCE = 1024  # events


def available() -> None:
    """Raises ExportError where the package is missing."""
    try:
        import tensorboard.compat.proto.event_pb2  # noqa: F401
    except ImportError as error:
        needs = "event files need the package tensorboard: pip install 'ratiodrift[tensorboard]'"
        raise ExportError("format", needs) from error


def write(folder: Path, lanes: Lanes, tell: Callable[[float], None]) -> int:
    """Fill the folder. What is no number has no event; every event has the time when the run was started."""
    started = datetime.fromisoformat(lanes.run.manifest["started"]).timestamp()
    rows = 0
    for done, found in lanes.pieces():
        for lane in found:
            file = folder / lanes.name(lane.point) / f"seed-{lane.seed}" / NAME
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as opened:
                events = _events(lane, lanes.metrics, started, first=opened.tell() == 0)
                while some := list(islice(events, AT_ONCE)):
                    opened.write(framed(some))
            rows += len(lane.steps)
        tell(done)
    return rows


def _events(lane: Lane, metrics: list[str], started: float, first: bool) -> Iterator[bytes]:
    """The events of a run, in TensorBoard's own words; a file begins with the version of those."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    if first:
        yield Event(wall_time=started, file_version=VERSION).SerializeToString()
    for step, row in lane.logged:
        there = np.flatnonzero(~np.isnan(row)).tolist()
        values = [Summary.Value(tag=metrics[which], simple_value=row[which]) for which in there]
        yield Event(wall_time=started, step=step, summary=Summary(value=values)).SerializeToString()


def how_to_read(path: Path) -> str:
    return f'tensorboard --logdir "{path}"'
