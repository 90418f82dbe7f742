"""What the scale of the rewards does to an update."""

from __future__ import annotations

import numpy as np

from ..lazy import pd
from ..run import Run
from ..theory.adam import adam_elasticity
from .base import ANYTHING, SCALE, quantity, scale_axis, slopes
from .parameters import coordinates, parameters


@quantity("update/norm", SCALE, within=ANYTHING)
def scale_elasticity(run: Run) -> pd.DataFrame:
    """d ln ‖Δθ‖ / d ln scale of the very first update, by least squares over the swept reward scale."""
    rows, case = _first_updates(run)
    firsts = rows.groupby(case).agg(point=("point", "first"), seed=("seed", "first"))
    measured = slopes(rows.rename(columns={"scale": "x", "size": "y"}), case)
    return firsts.assign(measured=measured).reset_index(drop=True)


@quantity(
    "grad/norm",
    "update/norm",
    SCALE,
    within=ANYTHING,
    closed_forms={"adam_elasticity": lambda case: adam_elasticity(case["eps"], case["gradient"])},
)
def local_elasticity(run: Run) -> pd.DataFrame:
    """d ln ‖Δθ‖ / d ln scale of the very first update between neighbouring scales, at the smaller one's point.

    `scale` is the scale halfway and `gradient` the size of each coordinate of the gradient there, where all are alike.
    """
    rows, case = _first_updates(run)
    rows = rows.sort_values([*case, "scale"], kind="stable", na_position="first")
    cases = rows.groupby(case)
    following, first = cases[["size", "scale", "grad"]].shift(-1), cases["point"].transform("first")
    size_of = {point: np.sqrt(coordinates(run, int(point)) or np.nan) for point in first.unique()}
    found = pd.DataFrame(
        {
            "point": rows["point"],
            "seed": rows["seed"],
            "measured": (following["size"] - rows["size"]) / (following["scale"] - rows["scale"]),
            "scale": np.exp((following["scale"] + rows["scale"]) / 2),
            "gradient": np.exp((following["grad"] + rows["grad"]) / 2) / first.map(size_of),
        }
    )
    has_neighbour = cases.cumcount(ascending=False) > 0
    return found[has_neighbour].reset_index(drop=True).join(parameters(run), on="point")


@quantity("update/displacement", SCALE)
def scale_spread(run: Run) -> pd.DataFrame:
    """The largest relative difference that the reward's scale makes to how far the parameters have come."""
    rows = run.readings[["point", "seed", "update/displacement"]]
    rows = rows.assign(case=rows["point"].map(_cases(run)))
    found = (
        rows.groupby(["case", "seed"])
        .agg(
            point=("point", "first"),
            size=("point", "size"),
            least=("update/displacement", "min"),
            most=("update/displacement", "max"),
        )
        .reset_index()
    )
    compares = (found["size"] > 1) & (found["least"] > 0)
    spread = (found["most"] / found["least"].where(compares) - 1).where(compares)
    return found.assign(measured=spread)[["point", "seed", "measured"]]


def _first_updates(run: Run) -> tuple[pd.DataFrame, list[str]]:
    """The very first updates with the logarithms of scale, size and gradient, and the columns that make a case."""
    rows = run.stored_updates.read(["point", "seed", "update/norm", "grad/norm"], rollout=0, update=1)
    scales = pd.to_numeric(pd.Series(run.points.swept[scale_axis(run.swept) or ""]), errors="coerce")
    rows = rows.assign(
        case=rows["point"].map(_cases(run)),
        scale=_logarithms(rows["point"].map(scales)),
        size=_logarithms(rows["update/norm"]),
        grad=_logarithms(rows["grad/norm"]),
    )
    return rows, ["case", "seed"]


def _cases(run: Run) -> dict[int, int]:
    """The points that differ in the reward's scale alone are one case."""
    others = [values for name, values in run.points.swept.items() if name != scale_axis(run.swept)]
    keys = list(zip(*others, strict=True)) or [()] * len(run.points)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return {point: numbers[key] for point, key in enumerate(keys)}


def _logarithms(values: pd.Series) -> np.ndarray:
    """NaN where nothing moved, as for a group without signal."""
    return np.log(values.where(values > 0).to_numpy(dtype=float))
