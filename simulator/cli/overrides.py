"""`--set KEY=VALUE` on the command line."""

from __future__ import annotations

import argparse
import tomllib
from typing import Any

from ..errors import ScenarioError


def overrides(options: argparse.Namespace) -> list[tuple[str, Any]]:
    """The (dotted key, value) pairs of `--set` and `--seeds`. A value is read as TOML, and as a string failing that."""
    pairs = [_parse(text) for text in options.set]
    if getattr(options, "seeds", None) is not None:
        pairs.append(("training.seeds", options.seeds))
    return pairs


def _parse(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError("--set", [("", f"{text!r} is not KEY=VALUE, as in optimizer.b1=0.95")])
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
