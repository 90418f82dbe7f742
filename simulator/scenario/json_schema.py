"""The JSON Schema of scenario files, made of the same classes that validate and compute."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import TypeAdapter

from ..dialects import DIALECTS
from ..experiment import Record, Training
from ..optimizers.base import Measure, Settings
from ..optimizers.registry import NOT_DRIVEN, OPTIMIZERS
from ..optimizers.signatures import Factory, Keyword, schedules
from .build import DEFAULTS, FAMILIES, PARTS
from .claims import Heading

AXIS = {
    "description": "an axis: every value is a point",
    "oneOf": [
        {
            "type": "object",
            "properties": {"values": {"type": "array", "minItems": 1}},
            "required": ["values"],
            "additionalProperties": False,
        },
        *(
            {
                "type": "object",
                "properties": {
                    form: {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                    "num": {"type": "integer", "minimum": 1},
                },
                "required": [form, "num"],
                "additionalProperties": False,
            }
            for form in ("range", "log_range")
        ),
    ],
}
MATCH = {
    "description": "the learning rate at which a measure is what it is for another optimizer, or this number",
    "type": "object",
    "properties": {
        "match": {"enum": list(get_args(Measure))},
        "to": {"anyOf": [{"type": "string"}, {"type": "number", "exclusiveMinimum": 0}]},
    },
    "required": ["match", "to"],
    "additionalProperties": False,
}
LABEL = {"type": "string", "description": "what this variant is called"}
KINDS = {
    "number": {"type": "number"},
    "constant": {"type": "number"},
    "integer": {"type": "integer"},
    "count": {"type": "integer"},
    "flag": {"type": "boolean"},
    "choice": {"type": "string"},
    "numbers": {"type": "array", "items": {"type": "number"}},
}


def scenario_schema() -> dict[str, Any]:
    """The whole file: headings, and each part as a table or an array of tables, an axis allowed for any value."""
    definitions: dict[str, Any] = {"axis": AXIS}
    heading = TypeAdapter(Heading).json_schema(ref_template="#/$defs/{model}")
    definitions |= heading.pop("$defs")
    properties: dict[str, Any] = dict(heading["properties"])
    for name in PARTS:
        table = _optimizer(definitions) if name == "optimizer" else _part(name, definitions)
        properties[name] = {"anyOf": [table, {"type": "array", "items": table, "minItems": 1}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Ratiodrift scenario",
        "type": "object",
        "properties": properties,
        "required": ["title", "question", *(name for name in PARTS if name not in DEFAULTS)],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _part(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    own = {"training": TypeAdapter(Training), "record": TypeAdapter(Record)}
    schema = _schema_of(own[name] if name in own else FAMILIES[name].adapter(), definitions)  # type: ignore[arg-type]
    for member in _members(schema, definitions):
        member["properties"]["label"] = LABEL
    if name != "method":
        return schema
    dialects = _schema_of(DIALECTS.adapter(), definitions)
    for member in _members(schema, definitions):
        member["properties"]["dialect"] = {"const": "paper", "description": "the method as its paper has it"}
    for dialect in DIALECTS.members.values():
        member = definitions[dialect.__name__]
        options = member["properties"]
        options |= {"label": LABEL, **{ours: options[option] for ours, option in dialect.ours.items()}}
        member["required"] = ["dialect"]
    return {"anyOf": [schema, dialects]}


def _members(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of the parts that a union names, or the schema itself."""
    names = [reference["$ref"].rsplit("/", 1)[-1] for reference in schema.get("oneOf", [])]
    return [definitions[name] for name in names] or [schema]


def _schema_of(adapter: TypeAdapter, definitions: dict[str, Any]) -> dict[str, Any]:
    schema = adapter.json_schema(ref_template="#/$defs/{model}")
    for key, definition in schema.pop("$defs", {}).items():
        definitions.setdefault(key, _with_axes(definition))
    return _with_axes(schema)


def _with_axes(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow an axis wherever a property's value stands, but for the tags, which choose the schema."""
    properties = schema.get("properties", {})
    for key, value in properties.items():
        if "const" not in value:
            properties[key] = {"anyOf": [value, {"$ref": "#/$defs/axis"}]}
    return schema


def _optimizer(definitions: dict[str, Any]) -> dict[str, Any]:
    settings = TypeAdapter(Settings).json_schema(ref_template="#/$defs/{model}")
    definitions |= {key: _with_axes(definition) for key, definition in settings.pop("$defs").items()}
    definitions["match"] = MATCH
    twin = {"type": "object", "description": "its memoryless twin: an optimizer table", "required": ["name"]}
    own = {"label": LABEL, "twin": twin} | settings["properties"]
    for name, factory in schedules().items():
        definitions[f"schedule.{name}"] = _factory(factory, "schedule", {})
    for name, factory in OPTIMIZERS.items():
        if name not in NOT_DRIVEN:
            definitions[f"optimizer.{name}"] = _factory(factory, "name", own)
    return {"oneOf": [{"$ref": f"#/$defs/optimizer.{name}"} for name in OPTIMIZERS if name not in NOT_DRIVEN]}


def _factory(factory: Factory, tag: str, own: dict[str, Any]) -> dict[str, Any]:
    words = [word for word in factory.keywords.values() if word.kind != "opaque"]
    return _with_axes(
        {
            "type": "object",
            "description": factory.summary,
            "properties": {tag: {"const": factory.name}, **own, **{word.name: _keyword(word) for word in words}},
            "required": [tag, *(word.name for word in words if word.required)],
            "additionalProperties": False,
        }
    )


def _keyword(word: Keyword) -> dict[str, Any]:
    schema = dict(KINDS[word.kind])  # type: ignore[call-overload]
    if word.choices:
        schema["enum"] = list(word.choices)
    if word.default is not None:
        schema["default"] = list(word.default) if isinstance(word.default, tuple) else word.default
    if not word.schedule:
        return schema
    match = ["match"] if word.name == "learning_rate" else []
    return {
        "anyOf": [schema, *({"$ref": f"#/$defs/{name}"} for name in [*match, *map("schedule.{}".format, schedules())])]
    }
