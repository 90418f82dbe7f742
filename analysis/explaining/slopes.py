"""How a value grows with the swept scale of the rewards, case by case: all else of the points being equal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..intervals import half_width
from ..quantities.base import scale_axis

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


def cases(run: Run, points: Collection[int]) -> list[list[int]]:
    """The points that differ in the reward's scale alone, together: cases of several, all of them among `points`."""
    others = [values for name, values in run.points.swept.items() if name != scale_axis(run.swept)]
    found: dict[str, list[int]] = {}
    for point in range(len(run.points)):
        found.setdefault(repr([values[point] for values in others]), []).append(point)
    return [mine for mine in found.values() if len(mine) > 1 and set(mine) <= set(points)]


def first_update(run: Run, name: str) -> pd.DataFrame:
    """A metric at the very first update."""
    rows = run.stored_updates.read(["point", "seed", name], rollout=0, update=1)
    return rows.rename(columns={name: "measured"})


def slopes(run: Run, values: pd.DataFrame, points: list[list[int]]) -> list[Slope | None]:
    """The slope of each case, by least squares seed by seed; None where fewer than two scales have values."""
    scales = pd.to_numeric(pd.Series(run.points.swept[scale_axis(run.swept) or ""]), errors="coerce")
    number = {point: case for case, mine in enumerate(points) for point in mine}
    rows = values.assign(scale=values["point"].map(scales), case=values["point"].map(number))
    rows = rows[(rows["scale"] > 0) & (rows["measured"] > 0) & np.isfinite(rows["measured"]) & rows["case"].notna()]
    rows = rows.assign(x=np.log(rows["scale"]), y=np.log(rows["measured"]))
    found = {int(case): _slope(mine, points[int(case)]) for case, mine in rows.groupby("case")}
    return [found.get(case) for case in range(len(points))]


def _slope(rows: pd.DataFrame, points: list[int]) -> Slope | None:
    each = [_fitted(mine["x"].to_numpy(), mine["y"].to_numpy()) for _, mine in rows.groupby("seed")]
    known = [slope for slope in each if slope is not None]
    if not known:
        return None
    mean, half = float(np.mean(known)), half_width(known)
    half = 0.0 if np.isnan(half) else half
    return Slope(points, mean, mean - half, mean + half)


def _fitted(x: np.ndarray, y: np.ndarray) -> float | None:
    if np.unique(x).size < 2:
        return None
    centred = x - x.mean()
    return float(centred @ (y - y.mean()) / (centred @ centred))
