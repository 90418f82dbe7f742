"""A table of a run directory, part by part: of a large one, no more is read than is needed.

A part is a file, and holds whole rollouts: all updates of each that it has rows of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..lazy import pd

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Stored:
    """A table: its parts are files, or frames that are in memory already."""

    parts: Sequence[Path | pd.DataFrame]

    @classmethod
    def of_folder(cls, folder: Path) -> Stored:
        """The table whose parts are the files of a folder."""
        return cls(sorted(folder.glob("*.parquet")))

    @cached_property
    def names(self) -> list[str]:
        """The columns."""
        first = self.parts[0]
        return list(first.columns) if isinstance(first, pd.DataFrame) else pq.read_schema(first).names

    def arrays(self, columns: Sequence[str]) -> Iterator[Columns]:
        """These columns of each part; NaN where there is no number."""
        for part in self.parts:
            rows = part if isinstance(part, pd.DataFrame) else _read(part, columns)
            found = {name: rows[name].to_numpy() for name in columns}
            yield {name: each.astype(float) if each.dtype == object else each for name, each in found.items()}

    def each(self, columns: Sequence[str], **where: int | Collection[int]) -> Iterator[pd.DataFrame]:
        """These columns of each part, and of the rows only those `where` a column is a number, or one of several."""
        wanted = list(dict.fromkeys([*columns, *where]))
        for part in self.parts:
            whole = only(part[wanted], where) if isinstance(part, pd.DataFrame) else self._frame(part, wanted, where)
            yield whole[list(columns)]

    def _frame(self, part: Path, columns: Sequence[str], where: dict[str, int | Collection[int]]) -> pd.DataFrame:
        """What of a file is wanted."""
        return only(_read(part, columns).to_pandas(), where)

    def read(self, columns: Sequence[str], **where: int | Collection[int]) -> pd.DataFrame:
        """`each`, put together."""
        return pd.concat(self.each(columns, **where), ignore_index=True)

    def least(self, column: str) -> int:
        """The smallest value of a column of integers."""
        return min(int(frame[column].min()) for frame in self.each([column]) if len(frame))


def among(value: int | Collection[int]) -> list[int]:
    """One number, or several, as a list."""
    return [value] if isinstance(value, int) else list(value)


def only(frame: pd.DataFrame, where: dict[str, int | Collection[int]]) -> pd.DataFrame:
    """The rows in which each of these columns is the number, or one of several."""
    for name, value in where.items():
        frame = frame[np.isin(frame[name].to_numpy(), among(value))]
    return frame


def last(frame: pd.DataFrame, counter: str) -> pd.DataFrame:
    """The rows of each point's last update, or last rollout: points may make different numbers of them."""
    return frame[are_last(frame["point"].to_numpy(), frame[counter].to_numpy())]


def are_last(points: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which rows have the largest count of their point."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    most = np.full(int(points.max()) + 1, np.iinfo(np.int64).min)
    np.maximum.at(most, points, counts)
    return counts == most[points]


def _read(part: Path, columns: Sequence[str]) -> pa.Table:
    with pq.ParquetFile(part) as file:
        return file.read(columns=list(columns))
