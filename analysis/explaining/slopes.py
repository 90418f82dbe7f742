"""How a value grows with the swept scale of the rewards, case by case: all else of the points being equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..claims.fits import fitted
from ..intervals import half_width
from ..quantities.base import scale_axis
from .run_stats import RunStats

if TYPE_CHECKING:
    from ..run.run import Run


@dataclass(frozen=True)
class Slope:
    """d ln value / d ln scale of one case, over all its scales: the mean over seeds with its interval."""

    points: list[int]
    mean: float
    low: float
    high: float

    def within(self, least: float, most: float) -> bool:
        """Whether the interval is."""
        return least <= self.low and self.high <= most


def cases(stats: RunStats) -> list[list[int]]:
    """The points that differ in the reward's scale alone, together: cases of several, none of which diverged."""
    swept = stats.run.points.swept
    others = [values for name, values in swept.items() if name != scale_axis(stats.run.swept)]
    found: dict[str, list[int]] = {}
    for point in range(len(stats.run.points)):
        found.setdefault(repr([values[point] for values in others]), []).append(point)
    return [points for points in found.values() if len(points) > 1 and set(points) <= set(stats.points)]


def first_update(run: Run, name: str) -> pd.DataFrame:
    """A metric at the very first update."""
    rows = run.stored_updates.read(["point", "seed", name], rollout=0, update=1)
    return rows.rename(columns={name: "measured"})


def slopes(stats: RunStats, values: pd.DataFrame) -> list[Slope | None]:
    """The slope of each case; None where fewer than two scales have values."""
    fits = fitted(stats.run, "", values, {"kind": "elasticity", "over": scale_axis(stats.run.swept)})
    by_case = fits.groupby("point")["measured"].agg(list)  # by the first point of each
    return [_slope(points, by_case.get(points[0])) for points in cases(stats)]


def _slope(points: list[int], by_seed: list[float] | None) -> Slope | None:
    if by_seed is None:
        return None
    mean, half = float(np.mean(by_seed)), half_width(by_seed) if len(by_seed) > 1 else 0.0
    return Slope(points, mean, mean - half, mean + half)
