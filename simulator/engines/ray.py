"""A Ray cluster: one on this machine unless an address names another. Workers are actors that keep their programs.

The run's folder has to be one that all machines see under the same path. Ray is an extra: pip install 'ratiodrift[ray]'
"""

from __future__ import annotations

import os
import pickle
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..execution.program_cache import Cache, cores
from ..files import read_own, write_whole
from ..resume import versions
from .ray_cluster import imported, joined
from .worker import Work, Worker

HEARTBEAT = 0.5  # seconds between two looks at what is done
MOST_LOSSES = 3  # times that a job may lose its worker without getting further
PATIENCE = 600.0  # seconds that a run waits for a core when it has none
AHEAD = 2  # jobs that wait for each worker
ONE_THREAD = {"NPROC": "1", "PJRT_NPROC": "1"}  # what XLA takes for the number of cores: Ray gives an actor one


@dataclass(frozen=True)
class Ray:
    """Long-lived actors, one a core; one that is lost is replaced, and its job goes on from its last whole chunk."""

    workers: int | None = None
    address: str | None = None
    elsewhere: ClassVar[bool] = True

    def run(self, work: Work, numbers: Sequence[int]) -> Generator[None, None, None]:
        ray = imported()
        with joined(ray, self.workers or len(cores()) or 1, self.address):
            workers = self.workers or int(ray.cluster_resources().get("CPU", 1))
            crew = Crew(ray, work, max(min(workers, len(numbers)), 1))
            try:
                yield from crew.carry_out(numbers)
            finally:
                crew.dismiss()


@dataclass(eq=False)
class Mate:
    """An actor: whether it has begun, and the jobs that it was given, the one under way first."""

    actor: Any
    begun: bool = False
    given: deque[int] = field(default_factory=deque)


class Crew:
    """The actors of a run. Jobs go to those that have begun: one that waits for a free core keeps nothing waiting."""

    def __init__(self, ray: Any, work: Work, workers: int) -> None:
        self._ray, self._work = ray, work
        self._file = work.folder.path / "work.pickle"  # an actor that starts late may not find what a node had
        write_whole(self._file, pickle.dumps((work, versions())), private=True)
        self._remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Actor)
        self._mates: list[Mate] = []
        self._waiting: dict[Any, Mate] = {}
        self._returned: deque[int] = deque()  # jobs of those that were lost
        self._losses: dict[int, tuple[int, int]] = {}  # by job: whole chunks, and how often it was lost with so many
        self._false_starts = 0
        for _ in range(workers):
            self._hire()

    def carry_out(self, numbers: Sequence[int]) -> Generator[None, None, None]:
        """Have the jobs done, whoever is lost meanwhile."""
        left, unfinished, somebody = iter(numbers), len(numbers), time.monotonic()
        while unfinished:
            done, _ = self._ray.wait(list(self._waiting), num_returns=1, timeout=HEARTBEAT)
            for reference in done:
                unfinished -= self._heard(reference)
            for mate in self._mates:
                while mate.begun and len(mate.given) < AHEAD and (number := self._next(left)) is not None:
                    mate.given.append(number)
                    self._waiting[mate.actor.carry_out.remote(number)] = mate
            if any(mate.begun for mate in self._mates):
                somebody = time.monotonic()
            elif time.monotonic() - somebody > PATIENCE:
                raise OSError(f"the Ray cluster has had no free core for {PATIENCE / 60:.0f} minutes")
            yield

    def dismiss(self) -> None:
        """All stop at once; what they have written is whole."""
        for mate in self._mates:
            self._ray.kill(mate.actor, no_restart=True)
        self._mates, self._waiting = [], {}

    def _hire(self) -> None:
        mate = Mate(self._remote.remote(self._file, Cache.now()))
        self._mates.append(mate)
        self._waiting[mate.actor.begin.remote()] = mate

    def _next(self, left: Iterator[int]) -> int | None:
        if self._returned:
            return self._returned.popleft()
        number = next(left, None)
        return None if number is None else int(number)

    def _heard(self, reference: Any) -> int:
        """What became of a call: how many jobs are finished by it."""
        errors, mate = self._ray.exceptions, self._waiting.pop(reference)
        try:
            self._ray.get(reference)
        except errors.RayTaskError as error:  # raised by the worker's own code
            raise error.cause from error
        except errors.RayError as error:
            self._replace(mate, error)
            return 0
        if not mate.begun:
            mate.begun, self._false_starts = True, 0
            return 0
        mate.given.popleft()
        return 1

    def _replace(self, lost: Mate, error: Exception) -> None:
        """Somebody else goes on. Raises OSError where that does not help."""
        self._ray.kill(lost.actor, no_restart=True)  # it may be out of reach only
        self._mates.remove(lost)
        self._waiting = {reference: mate for reference, mate in self._waiting.items() if mate is not lost}
        if lost.given:
            job = lost.given[0]
            whole = int(self._work.folder.whole_chunks(self._work.todo)[job])
            before, times = self._losses.get(job, (whole, 0))
            times = times + 1 if whole == before else 1
            self._losses[job] = whole, times
            again = times > MOST_LOSSES
        else:
            self._false_starts += 1
            again = self._false_starts > MOST_LOSSES * (len(self._mates) + 1)
        if again:
            reason = str(error).strip().splitlines()[-1].strip()
            raise OSError(f"workers are lost again and again ({reason}); is there memory enough?") from error
        self._returned.extend(lost.given)
        self._hire()


class Actor:
    """A worker on some machine of the cluster."""

    def __init__(self, file: Path, cache: Cache) -> None:
        os.environ.update(ONE_THREAD)
        self._file, self._cache = file, cache

    def begin(self) -> None:
        """Read what there is to do. Raises OSError where this machine could not do it, or not the same."""
        if not self._file.is_file():
            raise OSError(f"{self._file} is not there on {_here()}: all machines have to see the run's folder")
        work, theirs = pickle.loads(read_own(self._file))
        for name, version in versions().items():
            if version != theirs[name]:
                raise OSError(f"{_here()} has {name} {version}, and the run began with {theirs[name]}")
        self._cache.use()
        self._worker = Worker(work)

    def carry_out(self, number: int) -> None:
        """Do a job, all of it, from where it was left."""
        for _ in self._worker.carry_out(number):
            pass
        self._worker.finish()


def _here() -> str:
    return f"machine {os.uname().nodename}"
