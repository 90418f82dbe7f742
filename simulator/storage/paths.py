"""Where the run of a scenario is, and whether it is there: known without importing jax."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ScenarioError
from ..scenario.load import Scenario

SCHEMA_VERSION = 2


def directory_of(scenario: Scenario, out: Path) -> Path:
    """Where the run of this very scenario is, or will be."""
    return out / f"{scenario.name}-{scenario.digest()}"


def unfinished(directory: Path) -> Path:
    """Where a run lies until it is whole."""
    return directory.with_name(f".{directory.name}.partial")


def former(directory: Path) -> Path:
    """Where a run lies for the moment in which a new one takes its place."""
    return directory.with_name(f".{directory.name}.former")


def finished(directory: Path) -> bool:
    """Whether a complete run of this schema lies there. Raises ScenarioError for a run of another schema version."""
    manifest = directory / "manifest.json"
    if not manifest.is_file():
        return False
    try:
        found = json.loads(manifest.read_text())["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ScenarioError(str(directory), [("manifest.json", f"is no manifest of a run: {error!r}")]) from error
    if found != SCHEMA_VERSION:
        raise ScenarioError(
            str(directory),
            [("", f"holds a run of schema version {found}, this is version {SCHEMA_VERSION}; move it or use --out")],
        )
    return True
