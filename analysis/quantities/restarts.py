"""What the first update of a rollout is, by what became of the optimizer's state."""

from __future__ import annotations

import numpy as np

from ..lazy import pd
from ..run import Run
from ..run.stored import last
from ..theory.adam import first_update_after
from .base import column, quantity
from .parameters import coordinates


@quantity("update/norm", closed_forms={"first_update_after": column("closed_form")})
def restart_update(run: Run) -> pd.DataFrame:
    """The first update of the last rollout, in learning rates a coordinate, where all of a table's logits move alike.

    `closed_form` is Adam's, by what its state became, after many updates on a constant gradient.
    """
    begun = last(run.stored_updates.read(["point", "seed", "rollout", "update/norm"], update=1), "rollout")
    rows = begun[["point", "seed"]].copy()
    each = {point: _unit(run, point) for point in rows["point"].unique()}
    rows["measured"] = begun["update/norm"] / rows["point"].map(each)
    rows["closed_form"] = rows["point"].map({point: _predicted(run, point) for point in each})
    return rows


def _unit(run: Run, point: int) -> float:
    rate = run.experiment(point)["optimizer"].get("learning_rate")
    known = isinstance(rate, int | float) and coordinates(run, point)
    return float(rate) * np.sqrt(coordinates(run, point)) if known else float("nan")


def _predicted(run: Run, point: int) -> float:
    optimizer = run.experiment(point)["optimizer"]
    if optimizer["name"] != "adam" or optimizer["nesterov"]:
        return float("nan")
    return float(first_update_after(optimizer["state"], optimizer["b1"], optimizer["b2"]))
