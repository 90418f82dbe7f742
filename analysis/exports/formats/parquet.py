"""Parquet: columns with their types, compressed; what pandas, polars, DuckDB and Spark read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from analysis.exports.sources import Source


def write(path: Path, source: Source, tell: Callable[[float], None]) -> int:
    """One file, a row group a piece. What is no number is null."""
    rows = 0
    with pq.ParquetWriter(path, source.schema, compression="zstd", compression_level=1) as file:
        for done, piece in source.pieces():
            file.write_table(piece)
            rows += len(piece)
            tell(done)
    return rows


def how_to_read(path: Path, source: Source) -> str:
    return f'pandas.read_parquet("{path}")'
