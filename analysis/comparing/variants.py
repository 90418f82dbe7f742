"""What stands in the rows of a comparison: the points of all runs, each under a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ..run.run import short

if TYPE_CHECKING:
    from ..run.run import Run

MAX_NAMED = 12
MAX_MEANT = 4


class ComparisonError(ValueError):
    """A comparison was refused: `key` names the argument, `sentence` what is wrong with it."""

    def __init__(self, key: str, sentence: str):
        self.key, self.sentence = key, sentence
        super().__init__(": ".join(filter(None, (key, sentence))))


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean …?' with the nearest known name, or the names that there are."""
    names = list(dict.fromkeys(known))
    if name and 0 < len(beginning := [each for each in names if name in each]) <= MAX_MEANT:
        return f"did you mean {' or '.join(map(repr, beginning))}?"
    if near := get_close_matches(name, names, n=1, cutoff=0.5):
        return f"did you mean {near[0]!r}?"
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"there are {'; '.join(names[:MAX_NAMED])}{more}" if names else "there are none"


MAX_DIFFERENCES = 2  # more of them do not fit in a name
NOT_TOLD = ("record", "method", "training.seed", "training.seeds")  # of an experiment: what changes nothing, or twice


@dataclass(frozen=True)
class Variant:
    """A point of a run; `index` is the run's place among those that are compared."""

    index: int
    run: Run
    point: int
    label: str


def variants_of(runs: Sequence[Run]) -> list[Variant]:
    """All points of all runs. Scenarios are named where there are several; labels that are the same, told apart."""
    several = len({run.manifest["name"] for run in runs}) > 1
    found = [
        (index, run, point, _label(run, point, several)) for index, run in enumerate(runs) for point in _points(run)
    ]
    labels = _told_apart(
        [run for _, run, _, _ in found], [point for _, _, point, _ in found], [row[3] for row in found]
    )
    return [Variant(index, run, point, label) for (index, run, point, _), label in zip(found, labels, strict=True)]


def _points(run: Run) -> range:
    return range(len(run.points))


def _label(run: Run, point: int, several: bool) -> str:
    name, label = run.manifest["name"], run.labels[point]
    return f"{name}: {label}" if several and label != name else label


def _told_apart(runs: list[Run], points: list[int], labels: list[str]) -> list[str]:
    """Labels that several have get what their experiments differ in, else their run's directory, else a number."""
    once = [label for label, count in Counter(labels).items() if count == 1]
    repeated = {label: [i for i, other in enumerate(labels) if other == label] for label in set(labels) - set(once)}
    found = list(labels)
    for label, which in repeated.items():
        numbers = [_flat(runs[i].experiment(points[i])) for i in which]
        keys = [key for key in dict.fromkeys(key for each in numbers for key in each) if _differs(key, numbers)]
        for i, each in zip(which, numbers, strict=True):
            told = [f"{key.rsplit('.', 1)[-1]} = {short(each.get(key))}" for key in keys]
            ending = ", ".join(told) if 0 < len(told) <= MAX_DIFFERENCES else f"{runs[i].directory.name}"
            found[i] = f"{label} ({ending})"
    seen: Counter[str] = Counter()
    counts = Counter(found)
    for i, label in enumerate(found):
        seen[label] += 1
        if counts[label] > 1:
            found[i] = f"{label} #{seen[label]}"
    return found


def _differs(key: str, numbers: list[dict[str, Any]]) -> bool:
    return any(each.get(key) != numbers[0].get(key) for each in numbers)


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """{'optimizer.b1': 0.9, …} of nested tables; lists are values."""
    if key in NOT_TOLD:
        return {}
    if not isinstance(value, dict):
        return {key: value}
    return {
        name: each
        for inner, part in value.items()
        for name, each in _flat(part, f"{key}.{inner}" if key else inner).items()
    }
