"""A table of a scenario, or an array of tables, becomes the parts that it stands for."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from ..dialects import DIALECTS
from ..dialects.base import in_dialect
from ..environments import ENVIRONMENTS
from ..errors import describe, did_you_mean, dotted, schema_problems
from ..experiment import Record, Training
from ..methods import METHODS
from ..optimizers.schema import build_optimizer, optimizer_problems
from ..parts import Family, adapter_of, as_tuples
from ..policies import POLICIES
from ..rollouts import ROLLOUTS
from .axes import AxisError, cross

FAMILIES = {"environment": ENVIRONMENTS, "policy": POLICIES, "method": METHODS, "rollouts": ROLLOUTS}
ONE_CLASS = {"training": Training, "record": Record}
PARTS = ("method", "optimizer", "environment", "policy", "rollouts", "training", "record")  # the order of points
DEFAULTS = {"policy": {"kind": "tabular"}, "rollouts": {"kind": "sampled"}, "record": {}}
NO_AXIS = ("training.seeds", "training.seed", "training.precision")

Choice = tuple[dict[str, Any], Any]  # swept values, part
Problems = list[tuple[str, str]]  # (dotted key, sentence)


def choices(family: str, tables: dict[str, Any]) -> tuple[list[Choice], Problems]:
    """Every part that the entry `family` of a scenario stands for, and what is wrong with those that are none."""
    entry = tables.get(family, DEFAULTS.get(family))
    variants = entry if isinstance(entry, list) else [entry]
    if not variants:
        return [], [(family, "an array of tables without a table")]
    found: list[Choice] = []
    problems: Problems = []
    for index, (label, variant) in enumerate(zip(_labels(variants), variants, strict=True)):
        prefix = f"{family}[{index}]" if isinstance(entry, list) else family
        if not isinstance(variant, dict):
            problems.append((prefix, f"must be a table, got {describe(variant)}"))
            continue
        marked = {family: label} if len(variants) > 1 else {}
        own = {key: value for key, value in variant.items() if key != "label"}
        try:
            for swept, table in cross(own):
                made, wrong = _made(family, table)
                wrong = wrong + [(key, "cannot be an axis") for key in swept if f"{family}.{key}" in NO_AXIS]
                problems += [(_join(prefix, key), sentence) for key, sentence in wrong]
                if not wrong:
                    columns = {f"{family}.{key}": _column(value) for key, value in swept.items()}
                    found.append((marked | columns, made))
        except AxisError as error:
            problems.append((_join(prefix, dotted(error.path)), error.sentence))
    return found, problems


def _labels(variants: list) -> list[str]:
    """What each variant is called: its label, else its name; those that share a name are numbered."""
    names = [_name(variant) if isinstance(variant, dict) else "" for variant in variants]
    return [
        name if name and names.count(name) == 1 else f"{name} {names[: index + 1].count(name)}".strip()
        for index, name in enumerate(names)
    ]


def _name(variant: dict) -> str:
    """The label of a variant, or what its table names: the dialect first, where it has one."""
    named = (variant.get(key) for key in ("dialect", "name", "kind"))
    return str(variant.get("label", " ".join(str(name) for name in named if name is not None)))


def _join(prefix: str, key: str) -> str:
    return prefix + key if key.startswith("[") else f"{prefix}.{key}" if key else prefix


def _column(value: Any) -> Any:
    """A swept value as a table's column holds it."""
    return value if isinstance(value, int | float | str | bool) else json.dumps(value)


def _made(family: str, table: dict) -> tuple[Any, Problems]:
    """The part that one table without axes becomes, and what is wrong with it: (key below the table, sentence)."""
    if family == "optimizer":
        problems = list(optimizer_problems(table))
        return (None if problems else build_optimizer(table)), problems
    cls: Any
    if family in ONE_CLASS:
        cls, problems = ONE_CLASS[family], []
    elif family == "method" and table.get("dialect", "paper") != "paper":
        table, problems = in_dialect(DIALECTS.members, table)
        cls = None if problems else DIALECTS.members[table["dialect"]]
    else:
        table = {key: value for key, value in table.items() if (family, key) != ("method", "dialect")}
        cls, problems = _named(FAMILIES[family], table)
    if problems:
        return None, problems
    try:
        made = adapter_of(cls).validate_python(as_tuples(table))
    except ValidationError as error:
        return None, list(schema_problems(error, cls, table))
    return made, list(made.problems()) if hasattr(made, "problems") else []


def _named(family: Family, table: dict) -> tuple[type | None, Problems]:
    """The member of a family that the table's tag names."""
    tag = table.get(family.tag)
    if isinstance(tag, str) and tag in family.members:
        return family.members[tag], []
    if tag is None:
        return None, [(family.tag, f"is required: one of {', '.join(family.members)}")]
    if tag in family.unusable:
        return None, [(family.tag, family.unusable[tag])]
    spoken = [name for name, dialect in DIALECTS.members.items() if family is METHODS and str(tag) in dialect.presets]
    known = did_you_mean(str(tag), family.members)
    there = f"it is one of dialect {' and '.join(map(repr, spoken))}" if spoken else known
    return None, [(family.tag, f"unknown {family.noun} {tag!r}; {there}")]
