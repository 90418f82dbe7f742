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
MAX_LOSSES = 3  # times that a job may lose its worker without getting further
TIMEOUT_SECONDS = 600.0  # seconds that a run waits for a core when it has none
AHEAD = 2  # jobs that wait for each worker
ONE_THREAD = {"NPROC": "1", "PJRT_NPROC": "1"}  # what XLA takes for the number of cores: Ray gives an actor one


@dataclass(frozen=True)
class Ray:
    """Long-lived actors, one per core; one that is lost is replaced, and its job goes on from its last whole chunk."""

    workers: int | None = None
    address: str | None = None
    elsewhere: ClassVar[bool] = True

    def run(self, work: Work, numbers: Sequence[int]) -> Generator[None, None, None]:
        ray = imported()
        with joined(ray, self.workers or len(cores()) or 1, self.address):
            workers = self.workers or int(ray.cluster_resources().get("CPU", 1))
            pool = WorkerPool(ray, work, max(min(workers, len(numbers)), 1))
            try:
                yield from pool.carry_out(numbers)
            finally:
                pool.stop()


@dataclass(eq=False)
class WorkerHandle:
    """An actor: whether it has begun, and the jobs that it was given, the one under way first."""

    actor: Any
    begun: bool = False
    given: deque[int] = field(default_factory=deque)


class WorkerPool:
    """The actors of a run. Jobs go to those that have begun: one that waits for a free core keeps nothing waiting."""

    def __init__(self, ray: Any, work: Work, workers: int) -> None:
        self._ray, self._work = ray, work
        self._file = work.folder.path / "work.pickle"  # an actor that starts late may not find what a node had
        write_whole(self._file, pickle.dumps((work, versions())), private=True)
        self._remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Actor)
        self._handles: list[WorkerHandle] = []
        self._waiting: dict[Any, WorkerHandle] = {}
        self._returned: deque[int] = deque()  # jobs of those that were lost
        self._losses: dict[int, tuple[int, int]] = {}  # by job: whole chunks, and how often it was lost with so many
        self._false_starts = 0
        for _ in range(workers):
            self._add_worker()

    def carry_out(self, numbers: Sequence[int]) -> Generator[None, None, None]:
        """Have the jobs done, whoever is lost meanwhile."""
        left, unfinished, somebody = iter(numbers), len(numbers), time.monotonic()
        while unfinished:
            done, _ = self._ray.wait(list(self._waiting), num_returns=1, timeout=HEARTBEAT)
            for reference in done:
                unfinished -= self._heard(reference)
            for handle in self._handles:
                while handle.begun and len(handle.given) < AHEAD and (number := self._next(left)) is not None:
                    handle.given.append(number)
                    self._waiting[handle.actor.carry_out.remote(number)] = handle
            if any(handle.begun for handle in self._handles):
                somebody = time.monotonic()
            elif time.monotonic() - somebody > TIMEOUT_SECONDS:
                raise OSError(f"the Ray cluster has had no free core for {TIMEOUT_SECONDS / 60:.0f} minutes")
            yield

    def stop(self) -> None:
        """All stop at once; what they have written is whole."""
        for handle in self._handles:
            self._ray.kill(handle.actor, no_restart=True)
        self._handles, self._waiting = [], {}

    def _add_worker(self) -> None:
        handle = WorkerHandle(self._remote.remote(self._file, Cache.now()))
        self._handles.append(handle)
        self._waiting[handle.actor.begin.remote()] = handle

    def _next(self, left: Iterator[int]) -> int | None:
        if self._returned:
            return self._returned.popleft()
        number = next(left, None)
        return None if number is None else int(number)

    def _heard(self, reference: Any) -> int:
        """What became of a call: how many jobs are finished by it."""
        errors, handle = self._ray.exceptions, self._waiting.pop(reference)
        try:
            self._ray.get(reference)
        except errors.RayTaskError as error:  # raised by the worker's own code
            raise error.cause from error
        except errors.RayError as error:
            self._replace(handle, error)
            return 0
        if not handle.begun:
            handle.begun, self._false_starts = True, 0
            return 0
        handle.given.popleft()
        return 1

    def _replace(self, lost: WorkerHandle, error: Exception) -> None:
        """Somebody else goes on. Raises OSError where that does not help."""
        self._ray.kill(lost.actor, no_restart=True)  # it may be out of reach only
        self._handles.remove(lost)
        self._waiting = {reference: handle for reference, handle in self._waiting.items() if handle is not lost}
        if lost.given:
            job = lost.given[0]
            whole = int(self._work.folder.whole_chunks(self._work.plan)[job])
            before, times = self._losses.get(job, (whole, 0))
            times = times + 1 if whole == before else 1
            self._losses[job] = whole, times
            again = times > MAX_LOSSES
        else:
            self._false_starts += 1
            again = self._false_starts > MAX_LOSSES * (len(self._handles) + 1)
        if again:
            reason = str(error).strip().splitlines()[-1].strip()
            raise OSError(f"workers are lost again and again ({reason}); is there memory enough?") from error
        self._returned.extend(lost.given)
        self._add_worker()


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
