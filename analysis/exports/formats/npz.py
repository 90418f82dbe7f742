"""NPZ: an array a column, for NumPy; text as an array of the texts, and of which one it is in each row."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..source import Source, Tell

TEXTS = ":texts"  # behind a column's name, in that of the array of its texts


def npz(path: Path, source: Source, tell: Tell) -> int:
    """Write an array per column. What is no number is NaN; a text that a row does not have is −1.

    Columns grow beside each other, in files without a name, and are packed into the archive one after the other.
    """
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        columns = [_Column(Path(folder) / str(number), field) for number, field in enumerate(source.schema)]

        def add(piece: pa.Table) -> None:
            for column in columns:
                column.add(piece[column.name])

        rows = source.write(add, lambda done: tell(0.6 * done))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number, column in enumerate(columns):
                column.pack(archive, rows)
                tell(0.6 + 0.4 * (number + 1) / len(columns))
    return rows


class _Column:
    """A column that grows in a file."""

    def __init__(self, path: Path, field: pa.Field) -> None:
        self.name, self.path, self.text = field.name, path, pa.types.is_string(field.type)
        self.texts: dict[str, int] = {}
        self.dtype = np.dtype(np.int32 if self.text else field.type.to_pandas_dtype())
        self.file = path.open("wb")

    def add(self, values: pa.ChunkedArray) -> None:
        self.file.write(np.ascontiguousarray(self._numbers(values)).astype(self.dtype, copy=False).data)

    def _numbers(self, values: pa.ChunkedArray) -> np.ndarray:
        if not self.text:
            return values.combine_chunks().to_numpy(zero_copy_only=False)
        kinds = values.combine_chunks().dictionary_encode()
        codes = [self.texts.setdefault(text, len(self.texts)) for text in kinds.dictionary.to_pylist()]
        which = pc.fill_null(kinds.indices, len(codes)).to_numpy(zero_copy_only=False)
        return np.array([*codes, -1], dtype=np.int32)[which]

    def pack(self, archive: zipfile.ZipFile, rows: int) -> None:
        """Move the column into the archive."""
        self.file.close()
        values = np.memmap(self.path, self.dtype, "r") if rows else np.zeros(0, self.dtype)
        with archive.open(f"{self.name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, values)
        self.path.unlink()
        if self.text:
            with archive.open(f"{self.name}{TEXTS}.npy", "w") as member:
                np.lib.format.write_array(member, np.array(list(self.texts), dtype=str), allow_pickle=False)
