"""`ratiodrift init`: a commented scenario to start from."""

from __future__ import annotations

import argparse
import os
from importlib.resources import files
from pathlib import Path

from ..errors import ScenarioError


def execute(options: argparse.Namespace) -> int:
    """Write the starter file; never over one that exists."""
    path = Path(options.file)
    text = files(__package__).joinpath("starter.toml").read_text(encoding="utf-8")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise ScenarioError(str(path), [("", "exists already; name another file")]) from error
    except OSError as error:
        raise ScenarioError(str(path), [("", f"cannot be written: {error.strerror}")]) from error
    print(f"Wrote {path}. Edit it, then: ratiodrift run {path}")
    return 0
