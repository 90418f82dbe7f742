"""What is fitted to a measured quantity: how it goes with a swept number, or over updates.

Each fit is by least squares, seed by seed, so that its interval is over seeds as any other's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..quantities.base import slopes
from ..quantities.parameters import parameters, readings_of
from ..run import Run


def fitted(run: Run, metric: str, rows: pd.DataFrame | None, fit: dict[str, Any]) -> pd.DataFrame:
    """One row per group of measured values and seed: `point` (the group's first), `seed` and the fit as `measured`.

    "slope": d y / d x.   "elasticity": d ln y / d ln x.   "half_life": −1 / (d log₂ y / d x), ∞ where y does not shrink

    where x is what `fit["over"]` names: a swept column, whose points are one group where they are alike in all others;
    "update" (within each rollout) or "rollout" (after its last update) of a recorded metric; or a column that counts
    the cases of a derived quantity, as `j` does those of residual_update. `rows` are a derived quantity's, else None.
    Values whose logarithm is not defined are left out; two different x at least, or there is no row.
    """
    over = fit["over"]
    if over in run.swept:
        rows = _over_points(run, readings_of(run, metric) if rows is None else rows, over)
    elif rows is None:
        rows = _over_time(run, metric, over)
    else:
        rows = rows.assign(x=rows[over], group=rows["point"]).drop(columns="rollout")  # j goes on from one to the next
    keys = [name for name in ("group", "seed", "rollout", "n") if name in rows.columns and name != over]
    x, y = (rows[name].to_numpy(float) for name in ("x", "measured"))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(x) if fit["kind"] == "elasticity" else x
        y = np.log(y) if fit["kind"] != "slope" else y
    found = slopes(rows[keys].assign(x=x, y=y), keys).dropna().rename("measured").reset_index()
    found = found.rename(columns={"group": "point"})[["point", "seed", "measured"]]
    if fit["kind"] == "half_life":
        halvings = -found["measured"] / np.log(2)
        found["measured"] = np.where(halvings > 0, 1 / halvings.where(halvings > 0), np.inf)
    return found.join(parameters(run), on="point")


def _over_points(run: Run, rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows with their point's value of a swept column as `x`, and a number for those alike in all others as `group`."""
    x = pd.to_numeric(pd.Series(run.points.swept[column], dtype=object), errors="coerce").astype(float)
    others = [repr([values[point] for name, values in run.points.swept.items() if name != column])
              for point in range(len(run.points))]  # fmt: skip
    first: dict[str, int] = {}
    group = pd.Series([first.setdefault(key, point) for point, key in enumerate(others)])
    return rows.assign(x=rows["point"].map(x), group=rows["point"].map(group))


def _over_time(run: Run, metric: str, over: str) -> pd.DataFrame:
    columns = ["point", "seed", "rollout", "update", metric]
    rows = run.stored_updates.read(columns).rename(columns={metric: "measured"})
    if over == "rollout":
        ends = rows.groupby(["point", "seed", "rollout"])["update"].transform("max")
        rows = rows[rows["update"] == ends]
    return rows.assign(x=rows[over], group=rows["point"])
