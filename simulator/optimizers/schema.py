"""From a table of a scenario file to an Optimizer: optax's names and keywords, checked without importing optax."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from pydantic import ValidationError

from ..errors import ScenarioError, describe, did_you_mean, schema_problems
from ..parts import adapter_of, as_tuples, to_plain
from .base import Match, Measure, Optimizer, Schedule, Settings, Transformation
from .optax_facts import state_problems
from .registry import NOT_DRIVEN, OPTIMIZERS, OWN_KEYS, SETTINGS
from .signatures import Factory, Keyword, schedules

OF_THE_GRADIENT = ("max_grad_norm", "max_grad_norm_eps", "coupled_weight_decay")
LEAVES = ("number", "integer", "numbers")
# optax does not bound its keywords; these names mean the same in every optimizer that has them
BELOW_ONE = ("b1", "b2", "b3", "momentum")
NOT_NEGATIVE = (*BELOW_ONE, "learning_rate", "eps", "eps_root", "weight_decay")
AT_LEAST_ONE = ("rank", "update_proj_gap", "decay_steps", "transition_steps")


def optimizer(which: Any, twin: Any = None, **keywords: Any) -> Optimizer | Transformation:
    """An optimizer from Python: optax's name and keywords, or any `optax.GradientTransformation` object.

    `keywords` are optax's and those that any optimizer takes (`max_grad_norm`, `state`, `remedies`, …). `twin` is its
    memoryless twin, another such optimizer or object; that of a name need only be given where it is not known.
    Raises ScenarioError for an unknown name or keyword, as a scenario file would.
    """
    table = keywords if not isinstance(which, str) else {"name": which, **keywords}
    problems = list(optimizer_problems(table) if isinstance(which, str) else _settings_problems(table))
    if problems:
        raise ScenarioError("optimizer", problems)
    if twin is not None and not isinstance(twin, Settings):
        twin = optimizer(twin)
    if isinstance(which, str):
        made = build_optimizer(table)
        return made if twin is None else replace(made, twin=twin)
    return Transformation(transformation=which, twin=twin, **_settings(table))


def optimizer_problems(table: dict) -> Iterator[tuple[str, str]]:
    """What is wrong with an `[optimizer]` table: (key, sentence)."""
    name = table.get("name")
    if not isinstance(name, str):
        yield "name", "is required: the name of an optax optimizer"
        return
    if name not in OPTIMIZERS:
        yield "name", f"there is no optimizer {name!r}; {did_you_mean(name, OPTIMIZERS)}"
        return
    if name in NOT_DRIVEN:
        yield "name", f"{name} cannot drive a simulated policy: {NOT_DRIVEN[name]}"
        return
    yield from _settings_problems({key: table[key] for key in table if key in SETTINGS})
    yield from state_problems(table)
    yield from _twin_problems(table)
    yield from _keyword_problems(OPTIMIZERS[name], {key: table[key] for key in table if key not in OWN_KEYS})


def build_optimizer(table: dict) -> Optimizer:
    """An Optimizer from a table without problems."""
    factory = OPTIMIZERS[table["name"]]
    given = {key: table[key] for key in table if key not in OWN_KEYS}
    match: Any = given.get("learning_rate")
    if is_match(match):
        given["learning_rate"] = 1.0
    numbers, options = _split(factory, given)
    twin = build_optimizer(_twin_table(table)) if "twin" in table else None
    return Optimizer(
        name=factory.name,
        numbers=numbers,
        options=options,
        twin=twin,
        match=Match(match["match"], match["to"]) if is_match(match) else None,
        **_settings(table),
    )


def is_match(value: Any) -> bool:
    """Whether a learning rate is to be found: { match = …, to = … }."""
    return isinstance(value, dict) and "match" in value


def _settings(table: dict) -> dict[str, Any]:
    """The settings of a table without problems."""
    made = adapter_of(Settings).validate_python({key: as_tuples(table[key]) for key in table if key in SETTINGS})
    return {key: getattr(made, key) for key in SETTINGS}


def _settings_problems(table: dict) -> Iterator[tuple[str, str]]:
    try:
        made = adapter_of(Settings).validate_python(as_tuples(table))
    except ValidationError as error:
        yield from schema_problems(error, Settings, table)
        return
    if made.max_grad_norm_eps is not None and made.max_grad_norm is None:
        yield "max_grad_norm_eps", "belongs to max_grad_norm, which is not set"
    if made.state == "keep" and "reset_every" in table:
        yield "reset_every", "belongs to state, which keeps all"
    for index, remedy in enumerate(made.remedies):
        wrong: Any = getattr(remedy, "problems", tuple)()
        yield from ((f"remedies[{index}].{key}", sentence) for key, sentence in wrong)


def _twin_table(table: dict) -> dict:
    """The table of an optimizer's own twin, whose rate and gradient are treated alike unless it says otherwise."""
    shared = {key: table[key] for key in ("learning_rate", *OF_THE_GRADIENT) if key in table}
    return shared | table["twin"]


def _twin_problems(table: dict) -> Iterator[tuple[str, str]]:
    if "twin" not in table:
        return
    if not isinstance(table["twin"], dict):
        yield "twin", f"must be a table like this one, got {describe(table['twin'])}"
    elif is_match(_twin_table(table).get("learning_rate")):
        yield "twin.learning_rate", "is required: that of the optimizer itself is yet to be found"
    else:
        yield from ((_below("twin", key), sentence) for key, sentence in optimizer_problems(_twin_table(table)))


def with_defaults(optimizer: Optimizer) -> dict[str, Any]:
    """Everything that the optimizer is built with, optax's own defaults included, for the record of a run."""
    keywords = OPTIMIZERS[optimizer.name].keywords.values()
    defaults = {word.name: word.default for word in keywords if word.kind != "opaque" and not word.required}
    given = {
        key: {"schedule": value.name, **value.numbers, **dict(value.options)} if isinstance(value, Schedule) else value
        for key, value in optimizer.numbers.items()
    }
    settings = {key: to_plain(getattr(optimizer, key)) for key in SETTINGS}
    twin = {} if optimizer.twin is None else {"twin": with_defaults(optimizer.twin)}
    match = {} if optimizer.match is None else {"learning_rate": to_plain(optimizer.match)}
    return {"name": optimizer.name, **defaults, **given, **dict(optimizer.options), **settings, **twin, **match}


def _split(factory: Factory, given: dict) -> tuple[dict, tuple]:
    numbers: dict[str, Any] = {}
    options: list[tuple[str, Any]] = []
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
    if is_match(value) and word.name == "learning_rate":
        yield from _match_problems(value)
    elif is_match(value):
        yield "", "takes no match: a learning_rate alone can be matched, without a schedule"
    elif isinstance(value, dict) and word.kind == "number":
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


def _match_problems(table: dict) -> Iterator[tuple[str, str]]:
    measures, to = get_args(Measure), table.get("to", "")
    if table["match"] not in measures:
        yield "match", f"cannot be {table['match']!r}; {did_you_mean(str(table['match']), measures)}"
    if "to" not in table:
        yield "to", "is required: what another optimizer is called, or a number > 0"
    elif not isinstance(to, str) and not (_is_number(to) and to > 0):
        yield "to", f"must be what another optimizer is called, or a number > 0, got {describe(to)}"
    for key in table.keys() - {"match", "to"}:
        yield key, "unknown key; a match has the keys match and to"


def _schedule_problems(word: Keyword, table: dict) -> Iterator[tuple[str, str]]:
    name = table.get("schedule")
    if not word.schedule:
        yield "", "takes a number, no schedule"
    elif "schedule" not in table:
        yield "", f"a table with the key schedule{' or match' * (word.name == 'learning_rate')} is meant"
    elif not isinstance(name, str) or name not in schedules():
        yield "schedule", f"optax has no schedule {name!r}; {did_you_mean(str(name), schedules())}"
    else:
        yield from _keyword_problems(schedules()[name], {key: table[key] for key in table if key != "schedule"})


def _are_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == count and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    """A finite number that a float can hold."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max
