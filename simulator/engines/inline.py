"""This process, on all devices that jax has here."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from .worker import Work, Worker


class Inline:
    """One process: programs compile side by side while the first ones run, a thread writes."""

    elsewhere = False

    def run(self, work: Work, numbers: Sequence[int]) -> Generator[None, None, None]:
        with Worker(work) as worker:
            worker.expect(numbers)
            for number in numbers:
                yield from worker.carry_out(number)
            worker.finish()
            yield
