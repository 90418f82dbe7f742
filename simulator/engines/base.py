"""What a run asks of an engine, and which there are."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from importlib import import_module
from typing import Protocol, runtime_checkable

from ..errors import ScenarioError, did_you_mean
from ..execution.program_cache import cores
from .worker import Work

ENGINES = {
    "inline": "this process, on all its devices",
    "processes": "several processes on this machine",
    "ray": "a Ray cluster: this machine's, or one by its address",
}


@runtime_checkable
class Engine(Protocol):
    """Where jobs are carried out. The same work leaves the same files, whoever does it.

    `elsewhere` says whether workers are other processes, which know only what can be sent to them.
    """

    elsewhere: bool

    def run(self, work: Work, numbers: Sequence[int]) -> Generator[None, None, None]:
        """Carry out the jobs of these numbers; yields at least once a second, so that somebody can tell progress.

        A worker that is lost is replaced, and its job goes on from its last whole chunk. Raises what cannot be mended:
        OSError where nothing can be written. Closed before its end, it has stopped when that returns.
        """


def engine(name: str = "inline", workers: int | None = None, address: str | None = None) -> Engine:
    """An engine by name, with so many workers (default: one per core). Raises ScenarioError for a name that is none."""
    if name not in ENGINES:
        raise ScenarioError("--engine", [("", f"there is no engine {name!r}; {did_you_mean(name, list(ENGINES))}")])
    if workers is not None and workers < 1:
        raise ScenarioError("--workers", [("", f"at least 1, got {workers}")])
    if address is not None and name != "ray":
        raise ScenarioError("--address", [("", f"is a Ray cluster's; --engine is {name}")])
    made = import_module(f".{name}", __package__)
    if name == "inline":
        return made.Inline()
    if name == "processes":
        return made.Processes(workers or len(cores()) or 1)
    return made.Ray(workers, address)
