"""TensorBoard: a folder per run, `<label>/seed-3`, with its event file; a scalar per metric, a step per update.

An event file is made of TFRecords:

    length (8 bytes) · checksum of the length (4) · data · checksum of the data (4)

where a checksum is the CRC-32C, turned by 15 bits, plus a constant. TensorBoard's own writer computes it in Python, a
byte at a time: two thousandths of a second per record of fifty scalars. Here the bytes of many records are taken side
by side.

Reference: https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from ..errors import ExportError
from ..lanes import Lane, Lanes
from ..source import Tell

NAME = "events.out.tfevents.0.ratiodrift"
PATTERN = "events.out.tfevents.*"
VERSION = "brain.Event:2"
EVENTS_AT_ONCE = 1024
POLYNOMIAL, MASK_DELTA, ALL_ONES = np.uint32(0x82F63B78), np.uint32(0xA282EAD8), np.uint32(0xFFFFFFFF)


def check_installed() -> None:
    """Raise ExportError where the package is missing."""
    try:
        import tensorboard.compat.proto.event_pb2  # noqa: F401
    except ImportError as error:
        needs = "event files need the package tensorboard: pip install 'ratiodrift[tensorboard]'"
        raise ExportError("format", needs) from error


def write(folder: Path, lanes: Lanes, tell: Tell) -> int:
    """Fill the folder. What is no number has no event; every event has the time when the run was started."""
    started = datetime.fromisoformat(lanes.run.manifest["started"]).timestamp()
    rows = 0
    for done, found in lanes.pieces():
        for lane in found:
            file = folder / lanes.name(lane.point) / f"seed-{lane.seed}" / NAME
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as opened:
                events = _events(lane, lanes.metrics, started, first=opened.tell() == 0)
                while some := list(islice(events, EVENTS_AT_ONCE)):
                    opened.write(framed(some))
            rows += len(lane.steps)
        tell(done)
    return rows


def _events(lane: Lane, metrics: list[str], started: float, first: bool) -> Iterator[bytes]:
    """The events of a run, in TensorBoard's format; a file begins with its version."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    if first:
        yield Event(wall_time=started, file_version=VERSION).SerializeToString()
    for step, row in zip(lane.steps.tolist(), lane.values, strict=True):
        known = np.flatnonzero(~np.isnan(row)).tolist()
        values = [Summary.Value(tag=metrics[which], simple_value=row[which]) for which in known]
        yield Event(wall_time=started, step=step, summary=Summary(value=values)).SerializeToString()


def framed(records: list[bytes]) -> bytes:
    """The records, each in its frame, one after the other."""
    lengths = [np.uint64(len(record)).tobytes() for record in records]
    parts = zip(lengths, _checksums(lengths), records, _checksums(records), strict=True)
    return b"".join(length + before + record + after for length, before, record, after in parts)


def _checksums(records: list[bytes]) -> list[bytes]:
    """The masked checksum of each."""
    found = crc32c(records)
    masked = ((found >> np.uint32(15)) | (found << np.uint32(17))) + MASK_DELTA
    return [checksum.tobytes() for checksum in masked]


def crc32c(records: list[bytes]) -> np.ndarray:
    """[n] the CRC-32C of each, position by position: at each, of those that are long enough."""
    lengths = np.array([len(record) for record in records])
    order = np.argsort(-lengths, kind="stable")
    table, state = _table(), np.full(len(records), ALL_ONES)
    bytes_at = np.zeros((int(lengths.max(initial=0)), len(records)), dtype=np.uint8)
    for column, which in enumerate(order):
        bytes_at[: lengths[which], column] = np.frombuffer(records[which], np.uint8)
    longer = np.searchsorted(-lengths[order], -np.arange(len(bytes_at)), side="left")  # how many have such a position
    for position, count in enumerate(longer):
        now = state[:count]
        state[:count] = table[(now ^ bytes_at[position, :count]) & np.uint32(0xFF)] ^ (now >> np.uint32(8))
    found = np.empty(len(records), dtype=np.uint32)
    found[order] = state ^ ALL_ONES
    return found


@cache
def _table() -> np.ndarray:
    """What a byte does to the state."""
    states = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        states = np.where(states & 1, (states >> np.uint32(1)) ^ POLYNOMIAL, states >> np.uint32(1))
    return states
