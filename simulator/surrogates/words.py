"""A point of the product in words: what lists and tables show of a method."""

from __future__ import annotations

import dataclasses
from typing import Any

from .base import Surrogate

FACTORS = ("advantage", "level", "gate", "reduction", "filter", "kl", "entropy")


def factors(surrogate: Surrogate) -> dict[str, str]:
    """Every factor that is there, as its kind with its numbers: `clip(clip_low=0.2, clip_high=0.28)`."""
    named = ((name, getattr(surrogate, name)) for name in FACTORS)
    return {name: in_words(part, name) for name, part in named if part is not None}


def in_words(part: Any, name: str = "") -> str:
    """A part as its kind, or `name` where it has none, with the numbers that are set."""
    values = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    kind = values.pop("kind", name)
    said = ", ".join(f"{key}={_value(value)}" for key, value in values.items() if value is not None)
    return f"{kind}({said})" if said else kind


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value.tolist() if hasattr(value, "tolist") else value)
