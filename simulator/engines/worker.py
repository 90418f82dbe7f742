"""What a worker does: it takes jobs, computes their chunks one after the other, and has them written meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ..execution.compute import Computer
from ..execution.plan import Plan
from ..storage.chunks import RunFolder

MAX_WAITING = 2  # chunks that are computed and not yet written: what bounds the memory


@dataclass(frozen=True)
class Work:
    """All that a worker has to know. It can be pickled: workers may be other processes, on other machines."""

    plan: Plan
    folder: RunFolder


class Worker:
    """Carries out jobs in this process; a thread writes. Used as a context, it tidies up when it is left."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._computer = Computer(work.plan)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write")
        self._waiting: deque[Future] = deque()

    def expect(self, numbers: Sequence[int]) -> None:
        """Compile the programs of these jobs, beside what is being computed."""
        for structure in self.work.plan.structures_of(numbers):
            self._computer.expect(structure)

    def carry_out(self, number: int) -> Iterator[None]:
        """Go through a job from where it was left, chunk by chunk; the last may still be being written at the end."""
        job = self.work.plan.job(number)
        for computed in self._computer.chunks(job, *self.work.folder.position(job)):
            while len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft().result()
            self._waiting.append(self._writer.submit(self.work.folder.write, computed))
            yield

    def finish(self) -> None:
        """Wait until everything is written. Raises what went wrong."""
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.shutdown(wait=True, cancel_futures=error[0] is not None)
        self._computer.close()
