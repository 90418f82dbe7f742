"""Which learning rates are yet to be found, and at what: `learning_rate = { match = …, to = … }`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import did_you_mean
from ..experiment import Experiment

LEARNING_RATE = "optimizer.learning_rate"


@dataclass(frozen=True)
class Point:
    """One experiment of a scenario, and the swept values that tell it from the others.

    `found` are values that were worked out before the run: a learning rate, and what it was matched at.
    """

    values: dict[str, Any]
    experiment: Experiment
    found: dict[str, Any] = field(default_factory=dict)


def targets(points: list[Point]) -> dict[int, int | float]:
    """What each point that is matched is matched to: another point, or a number."""
    alike = _Alike(points)
    return {index: _target(point, alike) for index, point in enumerate(points) if _match(point) is not None}


def match_problems(points: list[Point]) -> Iterator[tuple[str, str]]:
    """What is wrong with the matches among the points: (dotted key, sentence)."""
    names = list(dict.fromkeys(point.values["optimizer"] for point in points if "optimizer" in point.values))
    matched = [point for point in points if _match(point) is not None]
    alike = _Alike(points) if matched else None
    for point in matched:
        match = _match(point)
        if match.measure == "first_update_ratio" and not isinstance(match.to, str) and match.to <= 1:
            yield f"{LEARNING_RATE}.to", f"a largest ratio is above 1, got {match.to:g}"
        elif isinstance(match.to, str) and match.to not in names:
            yield f"{LEARNING_RATE}.to", f"no optimizer is called {match.to!r} here; {did_you_mean(match.to, names)}"
        elif isinstance(match.to, str):
            found = alike.called(match.to, point)  # type: ignore[union-attr]
            if len(found) > 1:
                yield (
                    f"{LEARNING_RATE}.to",
                    f"{match.to!r} has axes: {len(found)} points to be matched to, where one is meant",
                )
            elif _match(points[found[0]]) is not None:
                yield f"{LEARNING_RATE}.to", f"{match.to!r} has to be matched itself"


def _match(point: Point) -> Any:
    return point.experiment.optimizer.match


def _target(point: Point, alike: _Alike) -> int | float:
    to = _match(point).to
    return alike.called(to, point)[0] if isinstance(to, str) else float(to)


class _Alike:
    """Points by what is not their optimizer."""

    def __init__(self, points: list[Point]) -> None:
        self.found: dict[tuple, list[int]] = {}
        for index, point in enumerate(points):
            self.found.setdefault((point.values.get("optimizer"), self._rest(point)), []).append(index)

    def called(self, name: str, point: Point) -> list[int]:
        """The points of the optimizer with this name that are like `point` in all else."""
        return self.found.get((name, self._rest(point)), [])

    @staticmethod
    def _rest(point: Point) -> frozenset:
        return frozenset((key, value) for key, value in point.values.items() if key.split(".")[0] != "optimizer")
