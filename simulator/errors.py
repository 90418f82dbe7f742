"""What users are told when a scenario cannot be run: file, key, what is allowed, the nearest known name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

TAGS = ("kind", "name", "rule")


class ScenarioError(Exception):
    """The input was refused. `problems` lists (dotted key, sentence); nothing has run and nothing was written."""

    def __init__(self, file: str, problems: Iterable[tuple[str, str]]):
        self.file = file
        self.problems = list(dict.fromkeys(problems))
        lines = [": ".join(filter(None, (file, key, sentence))) for key, sentence in self.problems]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple:
        return ScenarioError, (self.file, self.problems)


class Stopped(Exception):
    """A run could not go on. What it has written is kept, and the same question goes on from there."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' did you mean …?' with the nearest known name, or the list of what there is."""
    known = sorted(known)
    if near := get_close_matches(str(name), known, n=1, cutoff=0.5):
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(known)}" if known else "there are none"


def describe(value: Any) -> str:
    """A value and its type, in TOML's words."""
    words = {bool: "a boolean", str: "a string", int: "an integer", float: "a float", dict: "a table"}
    kind = words.get(type(value), "an array" if isinstance(value, list | tuple) else type(value).__name__)
    return f"{kind}" if isinstance(value, dict | list | tuple) else f"{value!r} ({kind})"


def schema_problems(error: ValidationError, cls: type, table: dict) -> Iterator[tuple[str, str]]:
    """Translate what pydantic found in `table`, which was to become a `cls`: (key below the table, sentence)."""
    located = [(_without_tags(found["loc"], table), found) for found in error.errors()]
    for path, found in located:
        inner = any(len(other) > len(path) and other[: len(path)] == path for other, _ in located)
        if not inner:  # what is wrong with an array because of its items is said of the items
            yield dotted(path + ("kind",) * _wants_a_kind(found)), _sentence(found, path, cls, table)


def dotted(path: Iterable[str | int]) -> str:
    """('a', 0, 'b') -> 'a[0].b'."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _without_tags(location: tuple, table: Any) -> tuple:
    """pydantic puts a union's tag, or its member's type, into the location; the file has no such level."""
    path: list[str | int] = []
    here = table
    for step in location:
        if isinstance(here, dict) and step not in here and step in [here.get(tag) for tag in TAGS]:
            continue
        if path and not isinstance(here, (list | tuple) if isinstance(step, int) else dict):
            continue
        path.append(step)
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list | tuple) and isinstance(step, int) and step < len(here):
            here = here[step]
    return tuple(path)


def _wants_a_kind(found: Any) -> bool:
    """Whether a table's `kind` names nothing, where a number may stand in place of the table."""
    return found["type"] == "union_tag_invalid" and found["ctx"]["discriminator"].endswith("()")


def _sentence(found: Any, path: tuple, cls: type, table: dict) -> str:
    kind, context = found["type"], found.get("ctx", {})
    value: Any = found.get("input")
    bounds = {"greater_than": ("gt", ">"), "greater_than_equal": ("ge", ">="), "less_than": ("lt", "<")}
    bounds["less_than_equal"] = ("le", "<=")
    if kind in bounds:
        limit, sign = bounds[kind]
        return f"must be {sign} {context[limit]:g}, got {value!r}"
    if kind == "unexpected_keyword_argument":
        known = fields_at(cls, path[:-1], table)
        return f"unknown key; {did_you_mean(path[-1], known)}"
    if kind == "missing":
        return "is required"
    if kind in ("float_type", "int_type", "string_type", "bool_type", "tuple_type", "finite_number"):
        wanted = {"int": "an integer", "float": "a number", "string": "a string", "bool": "true or false"}
        wanted |= {"tuple": "an array", "finite": "a finite number"}
        return f"must be {wanted[kind.split('_')[0]]}, got {describe(value)}"
    if kind in ("dataclass_type", "model_attributes_type"):
        return f"must be a table, got {describe(value)}"
    if kind == "literal_error":
        return f"must be {context['expected']}, got {value!r}; {did_you_mean(value, _quoted(context['expected']))}"
    if kind == "union_tag_invalid":
        tag, known = context["tag"], _quoted(context["expected_tags"])
        if _wants_a_kind(found):
            known = [name for name in known if name != "number"]
            if "kind" not in value:
                return f"is required: one of {', '.join(known)}"
            return f"unknown kind {tag!r}; {did_you_mean(tag, known)}"
        return f"unknown {context['discriminator'].strip(chr(39))} {tag!r}; {did_you_mean(tag, known)}"
    if kind == "union_tag_not_found":
        return f"needs the key {context['discriminator']}"
    return found["msg"].removeprefix("Value error, ")


def _quoted(text: str) -> list[str]:
    return text.split("'")[1::2]


def fields_at(cls: type, path: tuple, table: Any) -> list[str]:
    """The keys that the part below `path` knows."""
    for step in path:
        table = table[step]
        if isinstance(step, str):
            options = list(_dataclasses_in(get_type_hints(cls, include_extras=True)[step]))
        if isinstance(table, dict):
            tags = [table.get(tag) for tag in TAGS]
            chosen = [option for option in options if any(tag in tags for tag in _literals(option))]
            cls = (chosen or options)[0]
    return [field.name for field in dataclasses.fields(cls)]


def _dataclasses_in(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):  # not pydantic's marks, which are objects
        yield annotation
    for inner in get_args(annotation):
        yield from getattr(inner, "members", {}).values()  # of a family
        yield from _dataclasses_in(inner)


def _literals(cls: type) -> list[str]:
    hints = get_type_hints(cls)
    return [literal for tag in TAGS if tag in hints for literal in get_args(hints[tag])]
