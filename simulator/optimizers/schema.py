"""From a table of a scenario file to an Optimizer: optax's names and keywords, checked without importing optax."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from simulator.errors import ScenarioError, describe, did_you_mean
from simulator.optimizers.base import Optimizer, Schedule, Transformation
from simulator.optimizers.catalog import NOT_DRIVEN, Factory, Keyword, optimizers, schedules

OWN_NUMBERS = {  # numbers that any optimizer takes beside optax's keywords: least value, whether it may be that
    "max_grad_norm": (0, False),
    "max_grad_norm_eps": (0, True),
    "coupled_weight_decay": (0, True),
}
OWN_KEYS = ("name", *OWN_NUMBERS)
LEAVES = ("number", "integer", "numbers")
# optax does not bound its keywords; these names mean the same in every optimizer that has them
BELOW_ONE = ("b1", "b2", "b3", "momentum")
NOT_NEGATIVE = (*BELOW_ONE, "learning_rate", "eps", "eps_root", "weight_decay")
AT_LEAST_ONE = ("rank", "update_proj_gap", "decay_steps", "transition_steps")


def optimizer(which: Any, max_grad_norm: float | None = None, **keywords: Any) -> Optimizer | Transformation:
    """An optimizer from Python: optax's name and keywords, or any `optax.GradientTransformation` object.

    Raises ScenarioError for an unknown name or keyword, as a scenario file would.
    """
    if not isinstance(which, str):
        return Transformation(transformation=which, max_grad_norm=max_grad_norm)
    table = {"name": which, **keywords} | ({} if max_grad_norm is None else {"max_grad_norm": max_grad_norm})
    if problems := list(optimizer_problems(table)):
        raise ScenarioError("optimizer", problems)
    return build_optimizer(table)


def optimizer_problems(table: dict) -> Iterator[tuple[str, str]]:
    """What is wrong with an `[optimizer]` table: (key, sentence)."""
    name = table.get("name")
    if not isinstance(name, str):
        yield "name", "is required: the name of an optax optimizer"
        return
    if name not in optimizers():
        yield "name", f"optax has no optimizer {name!r}; {did_you_mean(name, optimizers())}"
        return
    if name in NOT_DRIVEN:
        yield "name", f"{name} cannot drive a simulated policy: {NOT_DRIVEN[name]}"
        return
    for key, (least, allowed) in OWN_NUMBERS.items():
        value = table.get(key, least + 1)
        if not _is_number(value) or value < least or (value == least and not allowed):
            yield key, f"must be a number {'>=' if allowed else '>'} {least}, got {value!r}"
    if "max_grad_norm_eps" in table and "max_grad_norm" not in table:
        yield "max_grad_norm_eps", "belongs to max_grad_norm, which is not set"
    yield from _keyword_problems(optimizers()[name], {key: table[key] for key in table if key not in OWN_KEYS})


def build_optimizer(table: dict) -> Optimizer:
    """An Optimizer from a table without problems."""
    factory = optimizers()[table["name"]]
    given = {key: table[key] for key in table if key not in OWN_KEYS}
    numbers, options = _split(factory, given)
    own = {key: table.get(key) for key in OWN_NUMBERS}
    return Optimizer(name=factory.name, numbers=numbers, options=options, **own)


def with_defaults(optimizer: Optimizer) -> dict[str, Any]:
    """Everything that the optimizer is built with, optax's own defaults included, for the record of a run."""
    keywords = optimizers()[optimizer.name].keywords.values()
    defaults = {word.name: word.default for word in keywords if word.kind != "opaque" and not word.required}
    given = {
        key: {"schedule": value.name, **value.numbers, **dict(value.options)} if isinstance(value, Schedule) else value
        for key, value in optimizer.numbers.items()
    }
    return {"name": optimizer.name, **defaults, **given, **dict(optimizer.options)} | {
        key: getattr(optimizer, key) for key in OWN_NUMBERS
    }


def _split(factory: Factory, given: dict) -> tuple[dict, tuple]:
    numbers, options = {}, []
    for key, value in given.items():
        if factory.keywords[key].kind not in LEAVES:
            options.append((key, value))
        elif isinstance(value, dict):
            schedule = schedules()[value["schedule"]]
            leaves, rest = _split(schedule, {name: item for name, item in value.items() if name != "schedule"})
            numbers[key] = Schedule(name=schedule.name, numbers=leaves, options=rest)
        elif factory.keywords[key].kind == "numbers":
            numbers[key] = tuple(float(item) for item in value)
        else:
            numbers[key] = value if factory.keywords[key].kind == "integer" else float(value)
    return numbers, tuple(sorted(options))


def _keyword_problems(factory: Factory, given: dict) -> Iterator[tuple[str, str]]:
    writable = {key for key, word in factory.keywords.items() if word.kind != "opaque"}
    for key, value in given.items():
        if key not in factory.keywords:
            yield key, f"{factory.name} has no parameter {key!r}; {did_you_mean(key, writable)}"
        elif key not in writable:
            yield key, f"{key} of {factory.name} cannot be written in a file; pass an optax object from Python"
        else:
            yield from ((_below(key, inner), text) for inner, text in _value_problems(factory.keywords[key], value))
    for word in factory.keywords.values():
        if word.required and word.name not in given:
            yield word.name, f"is required by {factory.name}"


def _below(key: str, inner: str) -> str:
    return f"{key}.{inner}" if inner else key


def _value_problems(word: Keyword, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and word.kind == "number":
        yield from _schedule_problems(word, value)
    elif word.kind in ("number", "constant") and not _is_number(value):
        yield "", f"must be a finite number, got {describe(value)}"
    elif word.kind == "number" and word.name in NOT_NEGATIVE and value < 0:
        yield "", f"must be >= 0, got {value!r}"
    elif word.kind == "number" and word.name in BELOW_ONE and value >= 1:
        yield "", f"must be < 1, got {value!r}"
    elif word.kind in ("integer", "count") and (type(value) is not int or value < (word.name in AT_LEAST_ONE)):
        yield "", f"must be an integer >= {int(word.name in AT_LEAST_ONE)}, got {describe(value)}"
    elif word.kind == "flag" and type(value) is not bool:
        yield "", f"must be true or false, got {describe(value)}"
    elif word.kind == "choice" and (not isinstance(value, str) or (word.choices and value not in word.choices)):
        yield "", f"must be one of {', '.join(word.choices) or 'a string'}, got {describe(value)}"
    elif word.kind == "numbers" and not _are_numbers(value, len(word.default)):
        yield "", f"must be an array of {len(word.default)} numbers, got {describe(value)}"


def _schedule_problems(word: Keyword, table: dict) -> Iterator[tuple[str, str]]:
    name = table.get("schedule")
    if not word.schedule:
        yield "", "takes a number, no schedule"
    elif not isinstance(name, str) or name not in schedules():
        yield "schedule", f"optax has no schedule {name!r}; {did_you_mean(str(name), schedules())}"
    else:
        yield from _keyword_problems(schedules()[name], {key: table[key] for key in table if key != "schedule"})


def _are_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == count and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    """A finite number that a float can hold."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max
