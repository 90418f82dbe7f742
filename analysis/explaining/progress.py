"""How far learning has come: an objective that says nothing of it, a policy that collapsed, updates that go far."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..intervals import half_widths
from ..text import percent
from .format import span
from .rules import Found, rule
from .run_stats import RunStats

ROUNDING = 1e-9
MIN_RISE = 0.05  # of the return's size
MIN_ROLLOUTS = 5  # of which the first and the last fifth are compared
FAR = 0.1  # nats between the policy that sampled a rollout and the one that its updates leave
COLLAPSED = 0.05  # of the entropy at the start


@rule("docs/theory.md#the-surrogate-and-its-gradient", "objective", "return/exact")
def objective_is_no_progress(stats: RunStats) -> Iterator[Found]:
    """The return rises while the objective stays zero, or falls: its value measures no progress.

    First updates of rollouts alone, the last fifth against the first, differences paired by seed. Said where the return
    rises by at least 5 % of its size with its interval, and the objective is always zero or falls with its interval.
    """
    rows = stats.run.stored_updates.read(["point", "seed", "rollout", "objective", "return/exact"], update=1)
    rows = rows[rows["point"].isin([point for point in stats.points if stats.rollouts(point) >= MIN_ROLLOUTS])]
    if rows.empty:
        return
    change, half = _changes(rows)
    largest = rows[["objective", "return/exact"]].abs().groupby(rows["point"]).max()
    rises = change["return/exact"] - half["return/exact"] > MIN_RISE * largest["return/exact"]
    flat, falls = largest["objective"] <= ROUNDING, change["objective"] + half["objective"] < -ROUNDING
    for chosen, what in ((rises & flat, "is zero all the while"), (rises & falls & ~flat, "falls by {}")):
        if chosen.any():
            gains, values = (change.loc[chosen, name].tolist() for name in ("return/exact", "objective"))
            yield Found(
                f"the return rises by {span(gains)} and the objective, whose negative trainers log as their loss, "
                f"{what.format(span([-value for value in values]))}: its value is no measure of progress.",
                {
                    "rise of return/exact": gains,
                    "change of objective": values,
                    "largest |objective|": largest.loc[chosen, "objective"].tolist(),
                },
                chosen.index[chosen].tolist(),
            )


def _changes(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The last fifth of the rollouts less the first, mean over seeds, and the half width of its interval."""
    count = rows.groupby("point")["rollout"].transform("max") + 1
    fifth = np.ceil(count / 5)
    parts = rows[rows["rollout"] < fifth], rows[rows["rollout"] >= count - fifth]
    first, last = (part.groupby(["point", "seed"])[["objective", "return/exact"]].mean() for part in parts)
    by_point = (last - first).groupby(level="point")
    return by_point.mean(), half_widths(by_point).fillna(0.0)


@rule("docs/glossary.md#metrics", "entropy")
def entropy_collapsed(stats: RunStats) -> Iterator[Found]:
    """The policy has come to say one thing: groups of it are all alike, and nothing more can be learned from them.

    Said where the entropy has fallen, with its interval, below 5 % of what it was after the first update.
    """
    start = stats.run.stored_updates.read(["point", "entropy"], rollout=0, update=1).groupby("point")["entropy"].mean()
    points = [
        point
        for point in stats.points
        if stats.rollouts(point) > 1 and start[point] > 0 and stats.high("entropy", point) < COLLAPSED * start[point]
    ]
    if points:
        ending, before = stats.means("entropy", points), start[points].tolist()
        left = [late / early for late, early in zip(ending, before, strict=True)]
        yield Found(
            f"{span(left, percent)} of the entropy is left, {span(ending)} of {span(before)} nats a token: the policy "
            "says one thing, and its groups have nothing more to tell.",
            {"entropy after the first update": before, "entropy at the end": ending},
            points,
        )


@rule("docs/glossary.md#metrics", "kl/behavior_exact")
def updates_go_far(stats: RunStats) -> Iterator[Found]:
    """The updates of one rollout move the policy far from the one that sampled it.

    Said where KL(behavior ‖ policy) at a rollout's end is, with its interval, above 0.1 nats a completion.
    """
    points = [point for point in stats.points if stats.low("kl/behavior_exact", point) > FAR]
    if points:
        distances, sizes = (stats.means(name, points) for name in ("kl/behavior_exact", "ratio/ess"))
        known = not np.isnan(sizes).any()
        beside = f", and its tokens count as {span(sizes, percent)} of as many fresh ones (ratio/ess)" if known else ""
        yield Found(
            f"a rollout's updates end {span(distances)} nats away from the policy that sampled it{beside}.",
            {"kl/behavior_exact": distances} | ({"ratio/ess": sizes} if known else {}),
            points,
        )
