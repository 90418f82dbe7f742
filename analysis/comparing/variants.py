"""What stands in the rows of a comparison: the points of all runs, each under a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..run.run import short
from ..text import did_you_mean

if TYPE_CHECKING:
    from ..run.run import Run

MAX_LIKELY = 4
MAX_DIFFERENCES = 2  # more of them do not fit in a name
WITHOUT_EFFECT = ("record", "method", "training.seed", "training.seeds")  # of an experiment, or there twice


class ComparisonError(ValueError):
    """A comparison was refused: `key` names the argument, `sentence` what is wrong with it."""

    def __init__(self, key: str, sentence: str):
        self.key, self.sentence = key, sentence
        super().__init__(": ".join(filter(None, (key, sentence))))


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean …?', first of all the names that this is a part of, if they are few."""
    names = list(dict.fromkeys(known))
    parts = [each for each in names if name and name in each]
    return did_you_mean(name, names, parts if len(parts) <= MAX_LIKELY else (), between="; ")


@dataclass(frozen=True)
class Variant:
    """A point of a run; `index` is the run's place among those that are compared."""

    index: int
    run: Run
    point: int
    label: str


def variants_of(runs: Sequence[Run]) -> list[Variant]:
    """All points of all runs, with names of their own.

    Scenarios are named where there are several. Labels that several points have get what their experiments differ in,
    else their run's directory, else a number.
    """
    several = len({run.manifest["name"] for run in runs}) > 1
    found = [
        Variant(index, run, point, _label(run, point, several))
        for index, run in enumerate(runs)
        for point in range(len(run.points))
    ]
    labels = [each.label for each in found]
    for label, count in Counter(labels).items():
        if count > 1:
            alike = [i for i, each in enumerate(found) if each.label == label]
            for i, ending in zip(alike, _endings([found[i] for i in alike]), strict=True):
                labels[i] = f"{label} ({ending})"
    counts, numbers = Counter(labels), Counter[str]()
    for i, label in enumerate(labels):
        if counts[label] > 1:
            numbers[label] += 1
            labels[i] = f"{label} #{numbers[label]}"
    return [replace(each, label=label) for each, label in zip(found, labels, strict=True)]


def _label(run: Run, point: int, several: bool) -> str:
    name, label = run.manifest["name"], run.labels[point]
    return f"{name}: {label}" if several and label != name else label


def _endings(variants: list[Variant]) -> list[str]:
    """What each of these has that the others have not: 'b1 = 0.5', or its run's directory."""
    experiments = [_flat(each.run.experiment(each.point)) for each in variants]
    keys = dict.fromkeys(key for each in experiments for key in each)
    differ = [key for key in keys if any(each.get(key) != experiments[0].get(key) for each in experiments)]
    if not 0 < len(differ) <= MAX_DIFFERENCES:
        return [each.run.directory.name for each in variants]
    return [", ".join(f"{key.rsplit('.', 1)[-1]} = {short(each.get(key))}" for key in differ) for each in experiments]


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """{'optimizer.b1': 0.9, …} of nested tables; lists are values."""
    if key in WITHOUT_EFFECT:
        return {}
    if not isinstance(value, dict):
        return {key: value}
    return {
        name: each
        for inner, part in value.items()
        for name, each in _flat(part, f"{key}.{inner}" if key else inner).items()
    }
