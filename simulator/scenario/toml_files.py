"""From the name of a scenario to its tables, with the overrides of the command line put in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ..errors import ScenarioError, did_you_mean
from .shipped import shipped_scenarios


def read(source: str | Path | dict) -> tuple[str, str, dict]:
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


def override(tables: dict[str, Any], key: str, value: Any, file: str) -> dict[str, Any]:
    """`tables` with the value at a dotted key replaced: 'optimizer[0].b1', or 'optimizer.b1' for all of an array."""

    def put(here: Any, path: list[str | int]) -> Any:
        if not path:
            return value
        step, rest = path[0], path[1:]
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            return [put(entry, rest) if index == step else entry for index, entry in enumerate(here)]
        if isinstance(here, list) and not isinstance(step, int):
            return [put(entry, path) for entry in here]
        if isinstance(here, dict) and not isinstance(step, int):
            return {**here, step: put(here.get(step, {}), rest)}
        raise ScenarioError(file, [(key, f"cannot be set: there is no {step!r} there")])

    return put(tables, [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", key)])
