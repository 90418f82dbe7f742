"""Files that are written whole or not at all."""

from __future__ import annotations

import io
import os
import uuid
from pathlib import Path

from .lazy import pd


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then move it to its own: it is never seen half written.

    Folders that are not there yet are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame, whole."""
    content = io.BytesIO()
    frame.to_parquet(content)
    write_whole(path, content.getvalue())
