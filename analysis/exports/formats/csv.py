"""CSV: a heading, commas, UTF-8; text is quoted, what is no number is empty, infinite is inf."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.csv

from ..sources import Source


def write(path: Path, source: Source, tell: Callable[[float], None]) -> int:
    """One file. A number has as many digits as it takes to read it back equal."""
    with pyarrow.csv.CSVWriter(path, source.schema) as file:
        return source.write(file.write_table, tell)


def how_to_read(path: Path, source: Source) -> str:
    return f'pandas.read_csv("{path}")'
