"""What a manifest says of a scenario's points, each thing once, and its text.

Ten thousand points of two axes are a hundred optimizers times a hundred environments: each part is written once, what
all parts of a family share once more, and a point is a number a family. `analysis/run/run.py` reads it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ..experiment import Experiment
from ..optimizers.schema import with_defaults
from ..parts import to_plain
from .matching import Point

SURROGATE = "surrogate"  # the product that a method stands for: written down beside the parts
FAMILIES = (*(field.name for field in fields(Experiment)), SURROGATE)
ONE_LINE = 120  # characters of a table of the manifest that stands on one line


def tabulated(points: Sequence[Point]) -> dict[str, Any]:
    """Every point with all its defaults, as plain values, each thing once.

    `values` has a column a swept value, null where a point has none. `parts` has of each family what its parts share
    and, where there are several, what each of these `variants` has of its own, and which one each point is made `of`.
    `found` has what was worked out before the run, by the point's number.
    """
    plain = _Plain()
    names = dict.fromkeys(name for point in points for name in point.values)
    return {
        "count": len(points),
        "values": {name: [point.values.get(name) for point in points] for name in names},
        "parts": {family: _once([plain(family, point.experiment) for point in points]) for family in FAMILIES},
        "found": {str(index): point.found for index, point in enumerate(points) if point.found},
    }


def digest_of(parts: dict[str, Any]) -> str:
    """Return eight characters that name the parts of a table of points, as `tabulated` makes them or a manifest has."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def manifest_text(manifest: dict[str, Any]) -> bytes:
    """A manifest as JSON: a line per entry, but a list of numbers or names, and what is short, on a line of its own."""
    return (_lines(manifest, "") + "\n").encode()


class _Plain:
    """Parts as plain values, each worked out once: points share their parts."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], dict[str, Any]] = {}

    def __call__(self, family: str, experiment: Experiment) -> dict[str, Any]:
        part = experiment.method if family == SURROGATE else getattr(experiment, family)
        if (family, id(part)) not in self.known:
            made = part.surrogate() if family == SURROGATE else part
            self.known[family, id(part)] = with_defaults(made) if family == "optimizer" else to_plain(made)
        return self.known[family, id(part)]


def _once(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The parts of one family, a point's each: what they share, and the rest of each that differs."""
    numbers: dict[str, int] = {}
    of_object: dict[int, int] = {}
    variants: list[dict[str, Any]] = []
    for part in parts:
        if id(part) not in of_object:
            of_object[id(part)] = number = numbers.setdefault(json.dumps(part, sort_keys=True), len(numbers))
            if number == len(variants):
                variants.append(part)
    if len(variants) == 1:
        return {"shared": variants[0]}
    texts = [{key: json.dumps(value, sort_keys=True) for key, value in variant.items()} for variant in variants]
    shared = {key: value for key, value in variants[0].items() if all(text.get(key) == texts[0][key] for text in texts)}
    own = [{key: value for key, value in variant.items() if key not in shared} for variant in variants]
    return {"shared": shared, "variants": own, "of": [of_object[id(part)] for part in parts]}


def _lines(value: Any, margin: str) -> str:
    nested = isinstance(value, dict) or isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
    text = json.dumps(value) if not nested or len(value) < ONE_LINE else ""
    if not nested or text and len(margin + text) <= ONE_LINE:
        return text
    inner = margin + " "
    if isinstance(value, dict):
        entries = (f"{json.dumps(str(key))}: {_lines(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(inner + entry for entry in entries) + f"\n{margin}}}"
    return "[\n" + ",\n".join(inner + _lines(item, inner) for item in value) + f"\n{margin}]"
