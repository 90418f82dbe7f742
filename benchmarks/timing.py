"""A against B in one process: rounds of one timing each, in rotated order, and the medians of per-round ratios.

A machine's speed drifts; what was timed within a second of each other drifted together. So nothing here compares two
numbers that were taken apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

ROUNDS = 7
ATTEMPTS = 3
MIN_SECONDS = 0.05  # shorter timings are made longer; see `sized`
UNSTEADY = 0.3  # interquartile range over median, of a ratio


@dataclass(frozen=True)
class Contestant:
    """Something that makes `updates` optimizer steps when called; `prepare` is called before, and not timed."""

    name: str
    call: Callable[[], object]
    updates: int
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Spread:
    """Median, least and most of one number a round."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Spread:
        return cls(float(np.median(values)), float(np.min(values)), float(np.max(values)))


@dataclass(frozen=True)
class Timed:
    """Seconds per update of every contestant in every round; `attempts` is how often the rounds were made."""

    seconds: dict[str, np.ndarray]
    attempts: int = 1
    steady: bool = True
    orders: list[list[str]] = field(default_factory=list)

    def faster(self, name: str, than: str) -> np.ndarray:
        """How many times as fast, round by round."""
        return self.seconds[than] / self.seconds[name]

    def plain(self) -> dict[str, object]:
        """As results keep it."""
        return {"seconds_per_update": self.seconds, "attempts": self.attempts, "steady": self.steady}

    def rate(self, name: str) -> np.ndarray:
        """Updates a second, round by round."""
        return 1.0 / self.seconds[name]


def interleaved(
    contestants: Sequence[Contestant],
    rounds: int = ROUNDS,
    attempts: int = ATTEMPTS,
    clock: Callable[[], float] = time.perf_counter,
) -> Timed:
    """Time all contestants in every round. Rounds whose ratios scatter are made again, and the steadiest are kept.

    Each contestant is called once before anything is timed. Ratios are those to the first one.
    """
    for each in contestants:
        each.prepare()
        each.call()
    best, least, made = None, np.inf, 0
    while made < attempts and least > UNSTEADY:
        made += 1
        found = _rounds(contestants, rounds, clock)
        scatter = max((_scatter(found.faster(each.name, contestants[0].name)) for each in contestants), default=0.0)
        if best is None or scatter < least:
            best, least = found, scatter
    return Timed(best.seconds, made, bool(least <= UNSTEADY), best.orders)


def _rounds(contestants: Sequence[Contestant], rounds: int, clock: Callable[[], float]) -> Timed:
    seconds = {each.name: np.empty(rounds) for each in contestants}
    orders = []
    for turn in range(rounds):
        first = turn % len(contestants)
        order = [*contestants[first:], *contestants[:first]]
        for each in order:
            each.prepare()
            began = clock()
            each.call()
            seconds[each.name][turn] = (clock() - began) / each.updates
        orders.append([each.name for each in order])
    return Timed(seconds, orders=orders)


def _scatter(ratios: np.ndarray) -> float:
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    return (high - low) / middle


def sized(
    make: Callable[[int], Contestant],
    start: int,
    most: int,
    least_seconds: float = MIN_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Contestant:
    """A contestant of a size, a power of two times `start`, whose call takes at least so long; `most` bounds it."""
    size = start
    while True:
        contestant = make(size)
        contestant.prepare()
        contestant.call()  # compiles
        contestant.prepare()
        began = clock()
        contestant.call()
        took = max(clock() - began, 1e-6)
        if took >= least_seconds or size >= most:
            return contestant
        doublings = max(1, int(np.ceil(np.log2(least_seconds / took))))
        size = min(most, size * 2**doublings)


def repeated(
    name: str, call: Callable[[], object], updates: int, least_seconds: float = MIN_SECONDS, most: int = 2**14
) -> Contestant:
    """A contestant that makes the same call until that takes long enough."""

    def make(times: int) -> Contestant:
        return Contestant(name, lambda: [call() for _ in range(times)], times * updates)

    return sized(make, start=1, most=most, least_seconds=least_seconds)
