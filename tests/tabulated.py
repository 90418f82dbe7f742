"""The points of a made-up run, as a manifest has them."""

from typing import Any


def tabulated(points: list[dict[str, Any]]) -> dict[str, Any]:
    """From points written out, {swept values …, "experiment": …, "found": …}, to the table of a manifest."""
    swept = dict.fromkeys(key for point in points for key in point if key not in ("experiment", "found"))
    families = dict.fromkeys(family for point in points for family in point["experiment"])
    return {
        "count": len(points),
        "values": {name: [point.get(name) for point in points] for name in swept},
        "found": {str(number): point["found"] for number, point in enumerate(points) if "found" in point},
        "parts": {
            family: {
                "shared": {},
                "variants": [point["experiment"].get(family, {}) for point in points],
                "of": list(range(len(points))),
            }
            for family in families
        },
    }
