"""JSON lines: an object a row; what is no finite number is null, since JSON has no word for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..sources import Source


def write(path: Path, source: Source, tell: Callable[[float], None]) -> int:
    """One file, every key in every row. Rows are put together column by column, not one by one."""
    with path.open("wb") as file:
        return source.write(lambda piece: file.write(lines(piece)) if len(piece) else None, tell)


def lines(table: pa.Table) -> memoryview:
    """The rows as text: the bytes of one long column of strings, which lie behind each other in memory."""
    parts: list[pa.Array | pa.Scalar] = []
    for number, name in enumerate(table.schema.names):
        before = "{" if number == 0 else ","
        parts += [pa.scalar(before + json.dumps(name, ensure_ascii=False) + ":"), _values(table[name].combine_chunks())]
    joined = pc.binary_join_element_wise(*parts, pa.scalar("}\n"), pa.scalar(""))
    ends = np.frombuffer(joined.buffers()[1], np.int32)[joined.offset : joined.offset + len(joined) + 1]
    return memoryview(joined.buffers()[2])[ends[0] : ends[-1]]


def _values(column: pa.Array) -> pa.Array:
    """A column as JSON has it."""
    if pa.types.is_string(column.type):
        kinds = column.dictionary_encode()
        texts = pa.array([json.dumps(text, ensure_ascii=False) for text in kinds.dictionary.to_pylist()], pa.string())
        text = texts.take(kinds.indices)
    else:
        text = pc.cast(column, pa.string())
    if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
        text = pc.if_else(pc.is_inf(column), None, text)
    return pc.fill_null(text, "null")


def how_to_read(path: Path, source: Source) -> str:
    return f'pandas.read_json("{path}", lines=True)'
