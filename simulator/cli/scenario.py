"""A scenario as the command line names it: a file or a shipped name, `--set KEY=VALUE`, `--seeds`."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ScenarioError
from ..scenario.load import Scenario, load


def read_scenario(source: str, options: argparse.Namespace, load: Callable[..., Scenario] = load) -> Scenario:
    """Load a scenario with the options' overrides, and print its warnings."""
    scenario = load(source, overrides=overrides(options))
    for key, sentence in scenario.warnings:
        print(f"warning: {Path(source).name}: {key}: {sentence}", file=sys.stderr)
    return scenario


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
