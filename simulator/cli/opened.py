"""A run as the command line names it: a directory, or a scenario that was run here."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ScenarioError

if TYPE_CHECKING:
    from ratiodrift.analysis.run.run import Run

RUNS = Path("runs")


def opened(text: str, runs: Path = RUNS) -> Run:
    """The run in the directory `text`, or the newest one of the scenario of that name in `runs`.

    Raises ScenarioError where there is none, or one that is not finished or of another schema version.
    """
    from ratiodrift.analysis.notebook import load
    from ratiodrift.analysis.run.run import RunError

    found = {path.parent for path in runs.glob("*/manifest.json")}
    path = Path(text)
    if not (path / "manifest.json").is_file():
        path = max((run for run in found if _scenario(run) == text), key=_made, default=path)
    if not path.is_dir():
        raise ScenarioError(text, [("", _nothing(text, sorted({_scenario(run) for run in found}), runs))])
    try:
        run = load(path)
    except RunError as error:
        raise ScenarioError(text, [("", str(error))]) from error
    if not all((run.directory / name).is_file() for name in ("summary.parquet", "claims.json")):
        from ratiodrift.analysis.completion import complete

        run = complete(path)
    return run


def _scenario(run: Path) -> str:
    return run.name.rsplit("-", 1)[0]


def _made(run: Path) -> float:
    return (run / "manifest.json").stat().st_mtime


def _nothing(text: str, names: list[str], runs: Path) -> str:
    near = get_close_matches(text, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"{runs}/ has {', '.join(names) or 'none'}"
    return f"no run directory, and no run of a scenario of this name; {hint}"
