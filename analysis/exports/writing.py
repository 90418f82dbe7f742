"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ExportError


@contextmanager
def whole_file(path: Path, force: bool) -> Iterator[Path]:
    """A path beside `path` to write to; what is there in the end becomes `path`. Raises ExportError."""
    with _temporary(path, force) as temporary:
        if path.is_dir():
            raise ExportError("out", f"{path} is a folder, and this format is one file")
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, force: bool, ours: str) -> Iterator[Path]:
    """A folder beside `path` to fill, which becomes `path`.

    One that is there already must hold nothing but files whose names match `ours`. Raises ExportError.
    """
    with _temporary(path, force) as temporary:
        others = [each for each in sorted(path.rglob("*")) if each.is_file() and not each.match(ours)]
        if path.is_file() or others:
            what = f"holds {others[0].relative_to(path)}, which is none of this export's" if others else "is a file"
            raise ExportError("out", f"{path} {what}: it is not written over")
        temporary.mkdir()
        try:
            yield temporary
            if path.exists():
                shutil.rmtree(path)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _temporary(path: Path, force: bool) -> Iterator[Path]:
    """A temporary name; folders that had to be made for it go again if nothing came into them."""
    if path.exists() and not force:
        raise ExportError("out", f"{path} is there already; --force (in Python, force=True) writes over it")
    made = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError("out", f"{path.parent}: {error.strerror or error}") from error
    try:
        yield path.with_name(f".{path.name}.{os.getpid()}")
    finally:
        for parent in made:
            if not any(parent.iterdir()):
                parent.rmdir()
