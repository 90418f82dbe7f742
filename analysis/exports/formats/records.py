"""TFRecords, the frames that event files are made of, many at a time.

    length (8 bytes) · checksum of the length (4) · data · checksum of the data (4)

where a checksum is the CRC-32C, turned by 15 bits, plus a constant. TensorBoard's own writer works it out in Python, a
byte at a time: two thousandths of a second a record of fifty scalars. Here the bytes of all records are taken side by
side.

Reference: https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

from functools import cache

import numpy as np

POLYNOMIAL = 0x82F63B78
MASK_DELTA = 0xA282EAD8
ALL_ONES = np.uint32(0xFFFFFFFF)


def framed(records: list[bytes]) -> bytes:
    """The records, each in its frame, one after the other."""
    lengths = [np.uint64(len(record)).tobytes() for record in records]
    return b"".join(
        part
        for length, before, record, after in zip(
            lengths, _checksums(lengths), records, _checksums(records), strict=True
        )
        for part in (length, before.tobytes(), record, after.tobytes())
    )


def _checksums(records: list[bytes]) -> np.ndarray:
    """[n] the masked checksum of each."""
    found = crc32c(records)
    return ((found >> np.uint32(15)) | (found << np.uint32(17))) + np.uint32(MASK_DELTA)


def crc32c(records: list[bytes]) -> np.ndarray:
    """[n] the CRC-32C of each, position by position: at each, those that are long enough."""
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
        states = np.where(states & 1, (states >> np.uint32(1)) ^ np.uint32(POLYNOMIAL), states >> np.uint32(1))
    return states
