"""The scenarios that come with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def shipped_scenarios() -> dict[str, Path]:
    """Name -> file. In a wheel they lie inside the package, in a checkout beside it."""
    here = Path(__file__).parent
    folder = here / "shipped_scenarios"
    if not folder.is_dir():
        folder = here.parent.parent / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
