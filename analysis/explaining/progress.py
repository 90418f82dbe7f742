"""What the value of the objective says of progress: nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..intervals import half_widths
from .rules import Found, rule
from .saying import ends, plain, span
from .seen import Seen

ROUNDING = 1e-9
MIN_RISE = 0.05  # of the return's size
MIN_ROLLOUTS = 5  # rollouts, of which the first and the last fifth are compared


@rule("docs/theory.md#the-surrogate-and-its-gradient", "objective", "return/exact")
def objective_is_no_progress(seen: Seen) -> Iterator[Found]:
    """The return rises while the objective stays zero, or falls: its value measures no progress.

    First updates of rollouts alone, the last fifth against the first, differences paired by seed. Said where the return
    rises by at least 5 % of its size with its interval, and the objective is always zero or falls with its interval.
    """
    rows = seen.run.stored_updates.read(["point", "seed", "rollout", "objective", "return/exact"], update=1)
    rows = rows[rows["point"].isin([point for point in seen.points if seen.rollouts(point) >= MIN_ROLLOUTS])]
    if rows.empty:
        return
    change, half = _changes(rows)
    most = rows["objective"].abs().groupby(rows["point"]).max()
    size = rows["return/exact"].abs().groupby(rows["point"]).max()
    rises = change["return/exact"] - half["return/exact"] > MIN_RISE * size
    flat, falls = most <= ROUNDING, change["objective"] + half["objective"] < -ROUNDING
    for chosen, what in ((rises & flat, "is zero all the while"), (rises & falls & ~flat, "falls by {}")):
        points = [int(point) for point in chosen.index[chosen]]
        if points:
            gains, values = ([float(change.at[p, name]) for p in points] for name in ("return/exact", "objective"))
            yield Found(
                f"the return rises by {span(gains)} and the objective, whose negative trainers log as their "
                "loss, "
                f"{what.format(span([-value for value in values], plain))}: its value is no measure of progress.",
                {
                    "rise of return/exact": ends(gains),
                    "change of objective": ends(values),
                    "largest |objective|": ends([float(most[point]) for point in points]),
                },
                points,
            )


def _changes(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The last fifth of the rollouts less the first, mean over seeds, and the half width of its interval."""
    count = rows.groupby("point")["rollout"].transform("max") + 1
    fifth = np.ceil(count / 5)
    first, last = rows["rollout"] < fifth, rows["rollout"] >= count - fifth
    names = ["objective", "return/exact"]
    means = [rows[which].groupby(["point", "seed"])[names].mean() for which in (first, last)]
    by_point = (means[1] - means[0]).groupby(level="point")
    return by_point.mean(), half_widths(by_point).fillna(0.0)
