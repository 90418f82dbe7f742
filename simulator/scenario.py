"""A scenario file becomes validated experiments. A file is a question; nothing in it is imported or executed.

Every part is a table, an array of tables is a comparison, an axis stands in place of a value (simulator/axes.py);
all of them cross. `load` refuses what cannot run with a ScenarioError that lists every problem found.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from simulator.axes import AxisError, cross
from simulator.errors import ScenarioError, did_you_mean, dotted, schema_problems
from simulator.experiment import ENVIRONMENTS, METHODS, POLICIES, ROLLOUTS, Experiment, Record, Training
from simulator.optimizers.schema import build_optimizer, optimizer_problems, with_defaults
from simulator.parts import Family, part, to_plain
from simulator.shipped import shipped_scenarios

FAMILIES = {"environment": ENVIRONMENTS, "policy": POLICIES, "method": METHODS, "rollouts": ROLLOUTS}
PARTS = ("method", "optimizer", "environment", "policy", "rollouts", "training", "record")  # the order of points
DEFAULTS = {"policy": {"kind": "tabular"}, "rollouts": {"kind": "sampled"}, "record": {}}
NO_AXIS = ("training.seeds", "training.seed", "training.precision")


@part
class Claim:
    """A sentence that a run can prove wrong: a measured quantity against a prediction.

    `metric` is a recorded metric or a quantity that `analysis` derives; `predicted` a number or the name of a closed
    form; `where` picks variants by the columns of the tables; the two must agree within `tolerance`.
    """

    says: str
    metric: str
    predicted: Annotated[float, Field(strict=True)] | str
    tolerance: Annotated[float, Field(strict=True, ge=0)]
    relation: Literal["equal", "at_least", "at_most"] = "equal"
    where: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@part
class Heading:
    """What a scenario says about itself. `headline` is the metric that its table and sentence are about."""

    title: str
    question: str
    source: str = ""
    headline: str = "ratio/max"
    columns: tuple[str, ...] = ()
    claim: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Point:
    """One experiment of a scenario, and the swept values that tell it from the others."""

    values: dict[str, Any]
    experiment: Experiment


@dataclass(frozen=True)
class Scenario:
    """A question with the experiments that answer it."""

    name: str
    heading: Heading
    tables: dict[str, Any]
    points: list[Point]

    @property
    def training(self) -> Training:
        """The first point's training: seeds and precision are the same for all."""
        return self.points[0].experiment.training

    def resolved(self) -> list[dict[str, Any]]:
        """Every point with all its defaults filled in, as plain values."""
        return [{**point.values, "experiment": _plain(point.experiment)} for point in self.points]

    def digest(self) -> str:
        """Eight characters that name the question: the same resolved scenario has the same."""
        text = json.dumps([to_plain(self.heading), self.resolved()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def load(source: str | Path | dict, overrides: Iterable[tuple[str, Any]] = ()) -> Scenario:
    """Read a scenario: a file, the name of a shipped one, or its tables as a dict.

    `overrides` are (dotted key, value) pairs put in before anything is checked. Raises ScenarioError.
    """
    name, file, tables = _read(source)
    for key, value in overrides:
        tables = _override(tables, _path(key), value, file, key)
    heading = _heading(tables, file)
    choices = {family: list(_choices(family, tables, file)) for family in PARTS}
    points, problems = [], []
    for combination in itertools.product(*choices.values()):
        parts = dict(zip(choices, (chosen for _, chosen in combination), strict=True))
        experiment = Experiment(**parts)
        problems.extend(experiment.problems())
        values = {key: value for swept, _ in combination for key, value in swept.items()}
        points.append(Point(values=values, experiment=experiment))
    if problems:
        raise ScenarioError(file, problems)
    return Scenario(name=name, heading=heading, tables=tables, points=points)


def _read(source: str | Path | dict) -> tuple[str, str, dict]:
    """(name, what to call it in messages, tables)."""
    if isinstance(source, dict):
        return "scenario", "scenario", source
    path, shipped = Path(source), shipped_scenarios()
    if not path.is_file():
        if str(source) not in shipped:
            there = did_you_mean(str(source), shipped)
            raise ScenarioError(str(source), [("", f"no such file, and no shipped scenario of that name; {there}")])
        path = shipped[str(source)]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(path.name, [("", f"cannot be read: {error}")]) from error
    try:
        return path.stem, path.name, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.splitlines() or [""]
        end = f"at the end, line {len(lines)}, column {len(lines[-1]) + 1}"
        raise ScenarioError(path.name, [("", f"not TOML: {error}".replace("at end of document", end))]) from error


def _path(key: str) -> list[str | int]:
    """'optimizer[0].b1' -> ['optimizer', 0, 'b1']."""
    return [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", key)]


def _override(tables: Any, path: list[str | int], value: Any, file: str, key: str) -> Any:
    """`tables` with the value at a path replaced; a path through an array of tables that names none means all."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(tables, list) and isinstance(step, int) and step < len(tables):
        return [_override(entry, rest, value, file, key) if at == step else entry for at, entry in enumerate(tables)]
    if isinstance(tables, list) and not isinstance(step, int):
        return [_override(entry, path, value, file, key) for entry in tables]
    if isinstance(tables, dict) and not isinstance(step, int):
        return {**tables, step: _override(tables.get(step, {}), rest, value, file, key)}
    raise ScenarioError(file, [(key, f"cannot be set: there is no {step!r} there")])


def _heading(tables: dict, file: str) -> Heading:
    own = [name for name in Heading.__dataclass_fields__]
    known = [*own, *PARTS]
    problems = [
        (key, f"unknown table or key; {did_you_mean(key, known)}") for key in tables if key not in known
    ]
    problems += [(name, "is required") for name in PARTS if name not in tables and name not in DEFAULTS]
    head = {key: tables[key] for key in own if key in tables}
    try:
        heading = TypeAdapter(Heading).validate_python(head)
    except ValidationError as error:
        problems += list(schema_problems(error, Heading, head))
    if problems:
        raise ScenarioError(file, problems)
    return heading


def _choices(family: str, tables: dict, file: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every part that a table, or an array of tables, of the file stands for: (swept values, part)."""
    entry = tables.get(family, DEFAULTS.get(family))
    variants = entry if isinstance(entry, list) else [entry]
    problems: list[tuple[str, str]] = []
    found = []
    for index, (label, variant) in enumerate(zip(_labels(variants), variants, strict=True)):
        prefix = f"{family}[{index}]" if isinstance(entry, list) else family
        if not isinstance(variant, dict):
            problems.append((prefix, f"must be a table, got {variant!r}"))
            continue
        marked = {family: label} if len(variants) > 1 else {}
        own = {key: value for key, value in variant.items() if key != "label"}
        try:
            for swept, table in cross(own):
                wrong = [(_join(prefix, key), text) for key, text in _problems(family, table)]
                wrong += [
                    (f"{prefix}.{key}", "cannot be an axis") for key in swept if f"{family}.{key}" in NO_AXIS
                ]
                problems += wrong
                if not wrong:
                    columns = {f"{family}.{key}": _column(value) for key, value in swept.items()}
                    found.append((marked | columns, _build(family, table)))
        except AxisError as error:
            problems.append((_join(prefix, dotted(error.path)), error.sentence))
    if not variants:
        problems.append((family, "an array of tables without a table"))
    if problems:
        raise ScenarioError(file, problems)
    yield from found


def _labels(variants: list) -> list[str]:
    """What each variant is called: its label, else its name; those that share a name are numbered."""
    names = [
        str(variant.get("label", variant.get("name", variant.get("kind", "")))) if isinstance(variant, dict) else ""
        for variant in variants
    ]
    return [
        name if name and names.count(name) == 1 else f"{name} {names[: index + 1].count(name)}".strip()
        for index, name in enumerate(names)
    ]


def _join(prefix: str, key: str) -> str:
    return prefix + key if key.startswith("[") else f"{prefix}.{key}" if key else prefix


def _column(value: Any) -> Any:
    """A swept value as a table's column holds it."""
    return value if isinstance(value, int | float | str | bool) else json.dumps(value)


def _schema(family: str, table: dict) -> tuple[type, TypeAdapter] | None:
    """The class that a table becomes, or None where its tag names none."""
    if family in ("training", "record"):
        cls = {"training": Training, "record": Record}[family]
        return cls, TypeAdapter(cls)
    parts: Family = FAMILIES[family]
    cls = parts.members.get(table.get(parts.tag)) if isinstance(table.get(parts.tag), str) else None
    return cls and (cls, TypeAdapter(cls))


def _problems(family: str, table: dict) -> Iterator[tuple[str, str]]:
    """What is wrong with one table without axes: (key below the table, sentence)."""
    if family == "optimizer":
        yield from optimizer_problems(table)
        return
    found = _schema(family, table)
    if found is None:
        parts = FAMILIES[family]
        tag = table.get(parts.tag)
        hint = did_you_mean(str(tag), parts.members) if tag is not None else f"one of {', '.join(parts.members)}"
        yield parts.tag, f"unknown {parts.noun} {tag!r}; {hint}" if tag is not None else f"is required: {hint}"
        return
    cls, adapter = found
    try:
        built = adapter.validate_python(_tuples(table))
    except ValidationError as error:
        yield from schema_problems(error, cls, table)
    else:
        yield from getattr(built, "problems", lambda: ())()


def _build(family: str, table: dict) -> Any:
    if family == "optimizer":
        return build_optimizer(table)
    _, adapter = _schema(family, table)
    return adapter.validate_python(_tuples(table))


def _tuples(value: Any) -> Any:
    """Arrays as tuples: what is structure has to be hashable."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return {key: _tuples(item) for key, item in value.items()} if isinstance(value, dict) else value


def _plain(experiment: Experiment) -> dict[str, Any]:
    """Everything that a point is run with; `surrogate` is the product that its method stands for."""
    return {
        **to_plain(replace(experiment, optimizer=None)),
        "optimizer": with_defaults(experiment.optimizer),
        "surrogate": to_plain(experiment.method.surrogate()),
    }
