"""What an optimizer still does when there is no gradient left."""

from __future__ import annotations

import numpy as np

from ..lazy import pd
from ..run import Run
from ..theory.adam import adam_residual
from ..theory.optimizers import residual
from .base import CASE, column, quantity
from .parameters import coordinates, parameters, updates_per_rollout


@quantity(
    "grad/norm",
    "update/norm",
    counts=("j",),
    closed_forms={
        "optimizer_residual": column("closed_form"),
        "adam_residual": lambda case: adam_residual(case["n"], case["j"], case["b1"], case["b2"]),
    },
)
def residual_update(run: Run) -> pd.DataFrame:
    """The size of each update without a gradient, in units of the last one before that had one.

    `j` counts from the first update without a gradient, `n` all the optimizer's updates up to the last one with.
    `closed_form` is what theory predicts for a constant gradient of the same size in all of a table's logits. A
    gradient that is not finite is no gradient of zero: there is no row for what a diverged run does.
    """
    rows = run.stored_updates.read([*CASE, "update", "grad/norm", "update/norm"])
    each = rows["point"].map({point: updates_per_rollout(run, point) for point in rows["point"].unique()})
    rows = rows.assign(count=rows["rollout"] * each + rows["update"]).sort_values(["point", "seed", "count"])
    last = rows[["count", "grad/norm", "update/norm"]].where(rows["grad/norm"] > 0)
    last = last.groupby([rows["point"], rows["seed"]]).ffill()  # of the last update with a gradient
    rows = rows.assign(n=last["count"], gradient=last["grad/norm"], unit=last["update/norm"])
    rows = rows[(rows["count"] > rows["n"]) & (rows["grad/norm"] == 0)].astype({"n": int})
    rows["j"] = rows["count"] - rows["n"]
    rows["measured"] = rows["update/norm"] / rows["unit"]
    rows["closed_form"] = _closed_form(run, rows)
    return rows[[*CASE, "n", "j", "measured", "closed_form"]].join(parameters(run), on="point")


@quantity("grad/norm", "update/norm", closed_forms={"optimizer_residual": column("closed_form")})
def first_residual(run: Run) -> pd.DataFrame:
    """The first update without a gradient, in units of the last one with."""
    return residual_update(run).query("j == 1").drop(columns=["n", "j", "rollout"])


@quantity("grad/norm", "update/norm")
def braking_distance(run: Run) -> pd.DataFrame:
    """All updates that a run makes after its last gradient, summed, in units of the last one with a gradient."""
    rows, case = residual_update(run), ["point", "seed"]
    silent_until = rows["n"] + rows.groupby([*case, "n"])["j"].transform("max")
    ends = run.stored_updates.read(case).groupby(case).size().rename("end")
    final = rows[silent_until == rows.join(ends, on=case)["end"]]
    return final.groupby(case)["measured"].agg(lambda sizes: sizes.sum(skipna=False)).reset_index()


def _closed_form(run: Run, rows: pd.DataFrame) -> np.ndarray:
    """What theory predicts for each row, for a constant gradient of ±g in all of a table's logits, else NaN."""
    predicted = np.full(len(rows), np.nan)
    numbers = {name: rows[name].to_numpy() for name in ("n", "j", "gradient")}
    for point, mine in rows.groupby("point").indices.items():
        optimizer, size = run.experiment(int(point))["optimizer"], coordinates(run, int(point))
        gradient = numbers["gradient"][mine[0]] / np.sqrt(max(size, 1))
        found = residual(optimizer["name"], optimizer, numbers["n"][mine], numbers["j"][mine], gradient)
        if size and found is not None:
            predicted[mine] = found
    return predicted
