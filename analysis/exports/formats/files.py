"""Formats of one file, each written piece by piece: Parquet, Arrow, CSV, JSON lines, NPZ."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..source import Source, Tell
from .npz import npz


def parquet(path: Path, source: Source, tell: Tell) -> int:
    """Write a row group per piece, compressed. What is no number is null."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, source.schema, compression="zstd", compression_level=1) as file:
        return source.write(file.write_table, tell)


def arrow(path: Path, source: Source, tell: Tell) -> int:
    """Write an IPC file (Feather, version 2), a record batch per piece, to be mapped into memory.

    The columns are Parquet's; what is no number is null.
    """
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, source.schema, options=options) as file:
        return source.write(file.write_table, tell)


def csv(path: Path, source: Source, tell: Tell) -> int:
    """Write a heading, commas, UTF-8; text is quoted, what is no number is empty, infinite is inf.

    A number has as many digits as it takes to read it back equal.
    """
    import pyarrow.csv

    with pyarrow.csv.CSVWriter(path, source.schema) as file:
        return source.write(file.write_table, tell)


def jsonl(path: Path, source: Source, tell: Tell) -> int:
    """Write an object per row, with every key; what is no finite number is null, since JSON has no word for it."""
    with path.open("wb") as file:
        return source.write(lambda piece: file.write(_lines(piece)) if len(piece) else None, tell)


def _lines(table: pa.Table) -> memoryview:
    """The rows as text: the bytes of one long column of strings, put together column by column, not row by row."""
    parts: list[pa.Array | pa.Scalar] = []
    for number, name in enumerate(table.schema.names):
        before = "{" if number == 0 else ","
        key = before + json.dumps(name, ensure_ascii=False) + ":"
        parts += [pa.scalar(key), _json_values(table[name].combine_chunks())]
    joined = pc.binary_join_element_wise(*parts, pa.scalar("}\n"), pa.scalar(""))
    ends = np.frombuffer(joined.buffers()[1], np.int32)[joined.offset : joined.offset + len(joined) + 1]
    return memoryview(joined.buffers()[2])[ends[0] : ends[-1]]


def _json_values(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        kinds = column.dictionary_encode()
        texts = pa.array([json.dumps(text, ensure_ascii=False) for text in kinds.dictionary.to_pylist()], pa.string())
        text = texts.take(kinds.indices)
    else:
        text = pc.cast(column, pa.string())
    if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
        text = pc.if_else(pc.is_inf(column), None, text)
    return pc.fill_null(text, "null")


@dataclass(frozen=True)
class FileFormat:
    """`write` returns the number of rows, `read_with` is the call that reads a `path` (or a `column` of it) back."""

    write: Callable[[Path, Source, Tell], int]
    read_with: str


FILES = {
    "parquet": FileFormat(parquet, 'pandas.read_parquet("{path}")'),
    "csv": FileFormat(csv, 'pandas.read_csv("{path}")'),
    "jsonl": FileFormat(jsonl, 'pandas.read_json("{path}", lines=True)'),
    "npz": FileFormat(npz, 'numpy.load("{path}")["{column}"]'),
    "arrow": FileFormat(arrow, 'pandas.read_feather("{path}")'),
}
