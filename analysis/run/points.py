"""The points of a run as its manifest has them: swept values, experiments, and what was worked out before the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NOT_SWEPT = ("experiment", "found")  # the keys of a point in a list of points that no swept value stands under


def points_of(manifest: dict[str, Any]) -> Listed | Tabulated:
    """The points of a manifest, in either of its forms."""
    points = manifest["points"]
    return Listed(points) if isinstance(points, list) else Tabulated(points)


class Listed:
    """Every point written out: {swept values …, "experiment": …, "found": …}."""

    def __init__(self, points: list[dict[str, Any]]) -> None:
        self.points = points
        names = dict.fromkeys(key for point in points for key in point if key not in NOT_SWEPT)
        self.swept = {name: [point.get(name) for point in points] for name in names}

    def __len__(self) -> int:
        return len(self.points)

    def experiment(self, point: int) -> dict[str, Any]:
        return self.points[point]["experiment"]

    def found(self, point: int) -> dict[str, Any]:
        return self.points[point].get("found", {})


class Tabulated:
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
