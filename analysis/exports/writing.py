"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ExportError


@contextmanager
def whole(path: Path, force: bool, ours: str | None = None) -> Iterator[Path]:
    """A path beside `path` for a file, or a folder to fill there where `ours` is given; in the end it becomes `path`.

    A folder that is there already must hold nothing but files whose names match `ours`. Folders that had to be made go
    again if nothing came into them. Raises ExportError.
    """
    _check(path, force, ours)
    made = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError("out", f"{path.parent}: {error.strerror or error}") from error
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if ours is not None:
            temporary.mkdir()
        yield temporary
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary) if temporary.is_dir() else temporary.unlink(missing_ok=True)
        for parent in made:
            if not any(parent.iterdir()):
                parent.rmdir()


def _check(path: Path, force: bool, ours: str | None) -> None:
    """Raise ExportError where what is there is not to be replaced."""
    if path.exists() and not force:
        raise ExportError("out", f"{path} is there already; --force (in Python, force=True) writes over it")
    if ours is None and path.is_dir():
        raise ExportError("out", f"{path} is a folder, and this format is one file")
    others = [each for each in sorted(path.rglob("*")) if each.is_file() and not each.match(ours or "*")]
    if ours is not None and (path.is_file() or others):
        what = f"holds {others[0].relative_to(path)}, which is none of this export's" if others else "is a file"
        raise ExportError("out", f"{path} {what}: it is not written over")
