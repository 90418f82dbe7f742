"""What so few seeds cannot tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..intervals import paired_interval
from .format import plain
from .rules import Found, rule
from .run_stats import RunStats

SAME = 1e-9  # a difference below this, relative to the values, is none


@rule("docs/comparing.md#intervals")
def one_seed(stats: RunStats) -> Iterator[Found]:
    """With one seed nothing is known about chance.

    Said of every run of one seed.
    """
    if stats.seeds == 1:
        yield Found(
            "One seed was run: what differs between variants may be chance, and no interval says how much of it.",
            {"seeds": 1},
        )


@rule("docs/comparing.md#intervals")
def cannot_be_told_apart(stats: RunStats) -> Iterator[Found]:
    """Not even the variants with the largest and the smallest value of the headline differ by more than chance.

    Said where the interval of their difference, paired by seed, contains 0.
    """
    metric, rows = stats.run.heading["headline"], stats.run.readings
    if stats.seeds < 2 or metric not in rows or len(stats.points) < 2:
        return
    table = rows[rows["point"].isin(stats.points)].pivot(index="seed", columns="point", values=metric)
    means = table.mean().dropna()
    if len(means) < 2:
        return
    top, bottom = means.idxmax(), means.idxmin()
    differences = (table[top] - table[bottom]).dropna()
    if len(differences) < 2 or differences.abs().max() <= SAME * max(1.0, float(np.abs(means).max())):
        return
    low, high = paired_interval(differences)
    if low <= 0 <= high:
        labels = stats.run.labels
        yield Found(
            f"{len(differences)} seeds cannot tell the variants apart by {metric}: the largest difference, of "
            f"{labels[top]} and {labels[bottom]}, is {plain(differences.mean())} with an interval from {plain(low)} to "
            f"{plain(high)}. More seeds would narrow it.",
            {"difference": float(differences.mean()), "low": low, "high": high, "seeds": len(differences)},
        )
