"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write_whole(path: Path, content: bytes | pa.Buffer, private: bool = False) -> None:
    """Write a file under a temporary, hidden name, then move it to its own: it is never seen half written."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open(temporary, "wb") as file:
            if private:  # nobody else may write it, whatever this user's habit (umask)
                temporary.chmod(0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_private(folder: Path) -> bool:
    """Make a folder that only this user can write into, or say whether one that is there is so."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _is_own(folder.stat())
    except OSError:
        return False


def read_own(path: Path) -> bytes:
    """Read a file that this user owns and nobody else can write. Raise PermissionError for any other.

    What is unpickled runs as this user, so it must have been written by this user.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with open(descriptor, "rb") as file:
        if not _is_own(os.fstat(descriptor)):
            raise PermissionError(f"{path} is another user's, or others can write it")
        return file.read()


def _is_own(found: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):  # a system without users and modes
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def write_table(path: Path, table: pa.Table, measured: Sequence[str] = ()) -> None:
    """Write a Parquet file, whole; `measured` columns change from row to row, the others repeat.

    Numbers that change compress best byte by byte, numbers that repeat as they are, texts in a dictionary. Lists are
    what there is most of: they are written fast rather than small (half the time, a fifth more bytes).
    """
    sink = pa.BufferOutputStream()
    lists = [field.name for field in table.schema if pa.types.is_list(field.type)]
    pq.write_table(
        table,
        sink,
        compression={_leaf(field): "lz4" if field.name in lists else "zstd" for field in table.schema},
        write_statistics=[field.name for field in table.schema if field.name not in lists],
        use_dictionary=[field.name for field in table.schema if pa.types.is_string(field.type)],
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in measured if name in table.schema.names},
    )
    write_whole(path, sink.getvalue())


def _leaf(field: pa.Field) -> str:
    """Parquet's name of a column: of a list, its elements'."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
