"""Parquet: columns with their types, compressed; what pandas, polars, DuckDB and Spark read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from ..sources import Source


def write(path: Path, source: Source, tell: Callable[[float], None]) -> int:
    """One file, a row group a piece. What is no number is null."""
    with pq.ParquetWriter(path, source.schema, compression="zstd", compression_level=1) as file:
        return source.write(file.write_table, tell)


def how_to_read(path: Path, source: Source) -> str:
    return f'pandas.read_parquet("{path}")'
