"""Several processes on this machine, one per core. Each keeps the programs that it has compiled."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait as wait_for
from typing import Any, ClassVar

from ..execution.program_cache import Cache, cores
from .signals import children_deaf_to_ctrl_c
from .worker import Work, Worker

HEARTBEAT = 0.5  # seconds between two looks at what is done
MAX_LOSSES = 3  # times that a worker may be lost without any job getting further
AHEAD = 2  # jobs that wait for each worker


@dataclass(frozen=True)
class Processes:
    """Spawned workers; one that is lost is replaced, and its job goes on from its last whole chunk."""

    workers: int
    elsewhere: ClassVar[bool] = True

    def run(self, work: Work, numbers: Sequence[int]) -> Generator[None, None, None]:
        losses, whole = 0, work.folder.whole_chunks(work.plan)
        while True:
            try:
                yield from self._run(work, numbers)
                return
            except BrokenProcessPool as error:
                before, whole = whole, work.folder.whole_chunks(work.plan)
                losses = losses + 1 if whole.sum() == before.sum() else 0
                if losses > MAX_LOSSES:
                    raise OSError(f"workers are killed again and again ({error}); is there memory enough?") from error
                numbers = [number for number in numbers if whole[number] < work.plan.job(number).num_chunks]

    def _run(self, work: Work, numbers: Sequence[int]) -> Generator[None, None, None]:
        context, workers = multiprocessing.get_context("spawn"), min(self.workers, max(len(numbers), 1))
        turn = context.Value("i", 0)
        stop = context.RawValue("b", 0)  # has no lock that a worker could be killed with
        begin_with = (work, turn, workers, stop, Cache.now())
        with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=begin_with) as pool:
            left = iter(numbers)

            def submit(most: int) -> set[Future]:
                with children_deaf_to_ctrl_c():
                    return {pool.submit(_carry_out, number) for number in islice(left, most)}

            waiting = submit(AHEAD * workers)
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                        waiting |= submit(1)
                    yield
            finally:
                stop.value = 1  # what is under way stops after its chunk, if anything still is
                pool.shutdown(cancel_futures=True)


_mine: tuple[Worker, Any]  # of a worker process: its worker, and what tells it to stop


def _begin(work: Work, turn: Any, workers: int, stop: Any, cache: Cache) -> None:
    """Make this process a worker: on a share of the cores, deaf to Ctrl-C, gone when its parent is."""
    global _mine
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(multiprocessing.parent_process().sentinel,), daemon=True).start()  # type: ignore[union-attr]
    with turn.get_lock():
        number, turn.value = turn.value, turn.value + 1
    if mine := cores()[number % workers :: workers]:
        os.sched_setaffinity(0, mine)
    cache.use()
    _mine = Worker(work), stop


def _follow(parent: int) -> None:
    wait_for([parent])
    os._exit(1)


def _carry_out(number: int) -> None:
    worker, stop = _mine
    if stop.value:
        return
    for _ in worker.carry_out(number):
        if stop.value:
            break
    worker.finish()
