"""What other processes cannot be told: optimizers, probes and classes that only this one knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ..errors import ScenarioError
from ..experiment import Record
from ..optimizers.base import Optimizer, Transformation
from ..optimizers.registry import OPTIMIZERS
from ..parts import offered
from ..scenario.load import Scenario

REMEDY = "use the engine inline"
OFFER = "it by an entry point (docs/extending.md)"
ADDED = f"was added from Python, and other processes do not know it: {REMEDY}, or offer {OFFER}"


def refuse_what_stays_here(scenario: Scenario) -> None:
    """Raise ScenarioError for what workers in other processes could not find."""
    problems = dict.fromkeys(found for point in scenario.points for found in _staying(point.experiment))
    if problems:
        raise ScenarioError(scenario.name, problems)


def _staying(experiment: Any) -> Iterator[tuple[str, str]]:
    for one in _parts(experiment):
        kind = type(one)
        if isinstance(one, Transformation):
            yield "optimizer", f"an object from Python cannot be sent to other processes: {REMEDY}, or offer {OFFER}"
        elif isinstance(one, Optimizer) and OPTIMIZERS.is_added(one.name):
            yield "optimizer.name", f"{one.name!r} {ADDED}"
        elif isinstance(one, Record):
            added = (name for name in one.foreign_probes if name not in offered("probes"))
            yield from (("record.probes", f"{name!r} {ADDED}") for name in added)
        elif kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
            yield (
                "",
                f"the class {kind.__qualname__} is of this program alone, and other processes cannot import it: "
                f"{REMEDY}, or move it into a module",
            )


def _parts(value: Any) -> Iterator[Any]:
    """All the dataclasses in a value, itself included."""
    if isinstance(value, tuple | list):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        yield from _parts(list(value.values()))
    elif is_dataclass(value):
        yield value
        for each in fields(value):
            yield from _parts(getattr(value, each.name))
