"""Arrow: an IPC file (Feather, version 2), the same columns as Parquet's, to be mapped into memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from ..sources import Source


def write(path: Path, source: Source, tell: Callable[[float], None]) -> int:
    """One file, a record batch a piece, compressed with LZ4. What is no number is null."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, source.schema, options=options) as file:
        return source.write(file.write_table, tell)


def how_to_read(path: Path, source: Source) -> str:
    return f'pandas.read_feather("{path}")'
