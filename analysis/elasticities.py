"""What the scale of the rewards does to an update: Run -> frame, as in metrics.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.axes import scale_axis
from analysis.parameters import coordinates, parameters
from analysis.summary import readings

if TYPE_CHECKING:
    from analysis.run import Run


def scale_elasticity(run: Run) -> pd.DataFrame:
    """d ln ‖Δθ‖ / d ln scale of the very first update, by least squares over the swept reward scale."""
    first = run.updates.query("rollout == 0 and update == 1")
    rows = [
        {"point": case["point"].iloc[0], "seed": seed, "measured": _slope(case, scale_axis(run.swept), "update/norm")}
        for (*_, seed), case in _by_scale(run, first)
    ]
    return pd.DataFrame(rows, columns=["point", "seed", "measured"])


def local_elasticity(run: Run) -> pd.DataFrame:
    """d ln ‖Δθ‖ / d ln scale of the very first update between neighbouring scales, at the smaller one's point.

    `scale` is the scale halfway and `gradient` the size of each coordinate of the gradient there, where all are alike.
    """
    first, axis, rows = run.updates.query("rollout == 0 and update == 1"), scale_axis(run.swept), []
    for (*_, seed), case in _by_scale(run, first):
        case = case.sort_values(axis)
        sizes, steps, grads = (_logarithms(case[name]) for name in ("update/norm", axis, "grad/norm"))
        points = case["point"].to_numpy()
        halfway = np.exp((grads[1:] + grads[:-1]) / 2) / np.sqrt(coordinates(run, int(points[0])) or np.nan)
        slopes, scales = np.diff(sizes) / np.diff(steps), np.exp((steps[1:] + steps[:-1]) / 2)
        found = {"measured": slopes, "scale": scales, "gradient": halfway}
        rows.append(pd.DataFrame({"point": points[:-1], "seed": seed, **found}))
    return pd.concat(rows, ignore_index=True).join(parameters(run), on="point")


def scale_spread(run: Run) -> pd.DataFrame:
    """The largest relative difference that the reward's scale makes to how far the parameters have come."""
    final = readings(run).join(run.updates.groupby("point")[[*run.swept]].first(), on="point")
    rows = []
    for (*_, seed), case in _by_scale(run, final):
        distance = case["update/displacement"]
        spread = distance.max() / distance.min() - 1 if len(case) > 1 and distance.min() > 0 else np.nan
        rows.append({"point": case["point"].iloc[0], "seed": seed, "measured": spread})
    return pd.DataFrame(rows, columns=["point", "seed", "measured"])


def _by_scale(run: Run, frame: pd.DataFrame) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """The rows that differ in the reward's scale alone."""
    others = [name for name in run.swept if name != scale_axis(run.swept)]
    yield from frame.groupby([*others, "seed"], dropna=False)


def _slope(case: pd.DataFrame, scale: str, column: str) -> float:
    sizes, steps = _logarithms(case[column]), _logarithms(case[scale])
    known = np.isfinite(sizes) & np.isfinite(steps)
    return float(np.polyfit(steps[known], sizes[known], 1)[0]) if known.sum() > 1 else float("nan")


def _logarithms(values: pd.Series) -> np.ndarray:
    """NaN where nothing moved, as for a group without signal."""
    return np.log(values.where(values > 0).to_numpy(dtype=float))
