"""Where the run of a scenario is, and whether it is there: known without importing jax."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from ..errors import ScenarioError
from ..files import write_whole
from ..parts import to_plain
from ..scenario.load import Scenario, load
from ..scenario.manifest import digest_of, manifest_text
from ..scenario.matching import targets

SCHEMA_VERSION = 2


def directory_of(scenario: Scenario, out: Path) -> Path:
    """Where the run of these experiments is, or will be.

    A run that an earlier version has named otherwise is found by the numbers in its manifest.
    """
    own = out / f"{scenario.name}-{scenario.digest()}"
    if own.is_dir():
        return own
    for other in sorted(out.glob(f"{scenario.name}-????????")):
        with suppress(OSError, ValueError, KeyError, TypeError, ScenarioError):
            manifest = json.loads((other / "manifest.json").read_text())
            table = manifest["points"]
            if targets(scenario.points):  # it has the rates that were found, not what they were to match
                table = load(manifest["scenario"] | {"claim": []}).tabulated()
            if manifest["schema_version"] == SCHEMA_VERSION and digest_of(table["parts"]) == scenario.digest():
                return other
    return own


def renew(directory: Path, scenario: Scenario) -> bool:
    """Bring what a finished run says about itself up to date: heading, labels, tables. Return whether it differed.

    Its summary, verdicts and page are removed then, for `analysis` to make them anew; what was computed stays.
    """
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    described = {"heading": to_plain(scenario.heading), "scenario": scenario.tables}
    described["points"] = manifest["points"] | {"values": scenario.tabulated()["values"]}
    described["warnings"] = [list(warning) for warning in scenario.warnings]
    described = json.loads(json.dumps(described))
    if all(manifest[key] == value for key, value in described.items()):
        return False
    for name in ("report.html", "claims.json", "summary.parquet"):  # the page first: without it the rest is made anew
        (directory / name).unlink(missing_ok=True)
    write_whole(path, manifest_text(manifest | described))
    return True


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
