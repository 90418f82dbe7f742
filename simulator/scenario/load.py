"""A scenario file becomes validated experiments. A file is a question; nothing in it is imported or executed.

Every part is a table, an array of tables is a comparison, an axis stands in place of a value (axes.py); all of them
cross. `load` refuses what cannot run with a ScenarioError that lists every problem found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..environments import ENVIRONMENTS
from ..errors import ScenarioError, did_you_mean
from ..experiment import NEEDS_A_FILE, Experiment, Training
from ..probes import PROBES, Metric
from ..rollouts import Recorded
from .build import DEFAULTS, PARTS, Choice, choices
from .claims import Heading, check_heading, read_heading
from .manifest import digest_of, tabulated
from .matching import Point, match_problems
from .toml_files import override, read

Finish = Callable[[Experiment], tuple[Experiment, list[tuple[str, str]]]]


@dataclass(frozen=True)
class Scenario:
    """A question with the experiments that answer it."""

    name: str
    heading: Heading
    tables: dict[str, Any]
    points: list[Point]
    left_out: tuple[tuple[str, str], ...] = ()  # claims about variants that overrides have taken away

    @property
    def training(self) -> Training:
        """The first point's training: seeds and precision are the same for all."""
        return self.points[0].experiment.training

    @property
    def is_replay(self) -> bool:
        """Whether the points train on recorded rollouts."""
        return isinstance(self.points[0].experiment.rollouts, Recorded)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Options that mean something else than their name lets users expect: (dotted key, sentence)."""
        methods = {id(point.experiment.method): point.experiment.method for point in self.points}.values()
        found = (warning for method in methods for warning in getattr(method, "warnings", tuple)())
        return list(dict.fromkeys([*((f"method.{key}", sentence) for key, sentence in found), *self.left_out]))

    @property
    def metrics(self) -> dict[str, Metric]:
        """What the points' probes may record: the columns of the tables, apply they to every point or not."""
        recorded = {
            (experiment.record.active_probes, tuple(experiment.environment.task_names)): None
            for experiment in (point.experiment for point in self.points)
        }
        found: dict[str, Metric] = {}
        for probes, tasks in recorded:
            found |= PROBES.declared(probes, tasks)
        return dict(sorted(found.items()))

    def tabulated(self) -> dict[str, Any]:
        """The resolved points as the manifest holds them, each thing once."""
        return self._tabulated

    def digest(self) -> str:
        """Eight characters that name the experiments: titles, claims and labels do not change them."""
        return self._digest

    @cached_property
    def _tabulated(self) -> dict[str, Any]:
        return tabulated(self.points)

    @cached_property
    def _digest(self) -> str:
        return digest_of(self.tabulated()["parts"])


def load(
    source: str | Path | dict,
    overrides: Iterable[tuple[str, Any]] = (),
    finish: Finish | None = None,
) -> Scenario:
    """Read a scenario: a file, the name of a shipped one, or its tables as a dict.

    `overrides` are (dotted key, value) pairs put in before anything is checked; `finish` gives each experiment what a
    file cannot hold, and says what is wrong with that. Raises ScenarioError.
    """
    overrides = list(overrides)
    name, file, tables = read(source)
    for key, value in overrides:
        tables = override(tables, key, value, file)
    if finish is None and _leaves_sizes_to_a_file(tables):
        raise ScenarioError(file, [("environment.kind", NEEDS_A_FILE)])
    problems = list(_missing_or_unknown(tables))
    heading, wrong = read_heading(tables)
    problems += wrong
    parts: dict[str, list[Choice]] = {}
    for family in PARTS:
        if family in tables or family in DEFAULTS:
            parts[family], wrong = choices(family, tables)
            problems += wrong
    if problems or heading is None:
        raise ScenarioError(file, problems)
    points = []
    for point in _points(parts):
        experiment, wrong = (point.experiment, []) if finish is None else finish(point.experiment)
        points.append(replace(point, experiment=experiment))
        problems += wrong or experiment.problems()
    problems += match_problems(points)
    problems = list(dict.fromkeys(problems))
    if len({(training.seeds, training.seed, training.precision) for training in map(_training, points)}) > 1:
        problems.append(("training", "seeds, seed and precision must be the same in all variants: they are paired"))
    if problems:
        raise ScenarioError(file, problems)
    scenario = Scenario(name=name, heading=heading, tables=tables, points=points)
    overridden = any(key != "training.seeds" for key, _ in overrides)
    heading, problems, left_out = check_heading(heading, scenario.metrics, points, overridden)
    if problems:
        raise ScenarioError(file, problems)
    return replace(scenario, heading=heading, left_out=tuple(left_out))


def _leaves_sizes_to_a_file(tables: dict[str, Any]) -> bool:
    """Whether recorded rollouts have to say how many they are."""
    training, environments = tables.get("training"), tables.get("environment")
    environments = environments if isinstance(environments, list) else [environments]
    kinds = [str(environment.get("kind")) for environment in environments if isinstance(environment, dict)]
    complete = all(getattr(ENVIRONMENTS.members.get(kind), "complete", True) for kind in kinds)
    return not complete and isinstance(training, dict) and "num_rollouts" not in training


def _missing_or_unknown(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    known = [*Heading.__dataclass_fields__, *PARTS]
    for key in tables:
        if key not in known:
            yield key, f"unknown table or key; {did_you_mean(key, known)}"
    for family in PARTS:
        if family not in tables and family not in DEFAULTS:
            yield family, "is required"


def _points(parts: dict[str, list[Choice]]) -> Iterator[Point]:
    """All choices cross."""
    for combination in itertools.product(*parts.values()):
        values = {key: value for swept, _ in combination for key, value in swept.items()}
        chosen = dict(zip(parts, (part for _, part in combination), strict=True))
        yield Point(values=values, experiment=Experiment(**chosen))


def _training(point: Point) -> Training:
    return point.experiment.training
