"""Every suite is a module with a TITLE and `measure(options) -> Found`; this is the order in which they run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.problem import SIZES, SMALL, Problem
from benchmarks.timing import ROUNDS

NAMES = (
    "peers",
    "trl",
    "batch",
    "record",
    "disk",
    "start",
    "compiles",
    "linear",
    "memory",
    "answers",
    "roofline",
    "stability_map",
)


@dataclass(frozen=True)
class Options:
    """`quick` tries everything with little: its numbers mean nothing."""

    rounds: int = ROUNDS
    quick: bool = False

    @property
    def sizes(self) -> tuple[Problem, ...]:
        return (SMALL,) if self.quick else SIZES

    @property
    def slow_rounds(self) -> int:
        """Where one round takes seconds."""
        return min(self.rounds, 5)

    @property
    def least_seconds(self) -> float:
        """How long one timing takes."""
        return 0.005 if self.quick else 0.1
