"""The points of a run as its manifest has them: swept values, experiments, and what was worked out before the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Points:
    """Each part written once (`tabulated` in the simulator's manifest.py): points share what they are made of."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.count, self.swept, self.known = table["count"], table["values"], table["found"]
        self.parts: dict[str, list[dict[str, Any]]] = {}
        self.of: dict[str, Sequence[int]] = {}
        for family, entry in table["parts"].items():
            self.parts[family] = [entry["shared"] | own for own in entry.get("variants", [{}])]
            self.of[family] = entry.get("of", range(1))

    def __len__(self) -> int:
        return self.count

    def experiment(self, point: int) -> dict[str, Any]:
        return {family: parts[self.of[family][point] if len(parts) > 1 else 0] for family, parts in self.parts.items()}

    def found(self, point: int) -> dict[str, Any]:
        return self.known.get(str(point), {})
