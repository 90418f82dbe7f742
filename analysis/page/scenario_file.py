"""A scenario as the TOML file that it could have been read from: saved, it asks the same again."""

from __future__ import annotations

import json
import re
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")
Table = dict[str, Any]


def as_toml(table: Table) -> str:
    """A table whose values are what JSON has; what is unset (None) is left out, which TOML has no word for."""
    return "\n".join(_lines(table, ())).strip() + "\n"


def _lines(table: Table, path: tuple[str, ...]) -> list[str]:
    """Values first: whatever follows the heading of a table is in that table."""
    below = {key: value for key, value in table.items() if _is_table(value, path) or _is_tables(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None and key not in below]
    for key, value in below.items():
        name = ".".join(map(_key, (*path, key)))
        for heading, own in [(f"[{name}]", value)] if isinstance(value, dict) else [(f"[[{name}]]", v) for v in value]:
            lines += ["", heading, *_lines(own, (*path, key))]
    return lines


def _is_table(value: Any, path: tuple[str, ...]) -> bool:
    """Whether it gets a heading: an axis, { values = … }, reads better in a line."""
    return isinstance(value, dict) and not path


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
        return f"{{ {pairs} }}" if pairs else "{}"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
