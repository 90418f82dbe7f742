"""What so few seeds cannot tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..intervals import paired_interval
from .rules import Found, rule
from .saying import plain
from .seen import Seen

SAME = 1e-9  # a difference below this, relative to the values, is none


@rule("docs/comparing.md#intervals")
def one_seed(seen: Seen) -> Iterator[Found]:
    """With one seed nothing is known about chance.

    Said of every run of one seed.
    """
    if seen.seeds == 1:
        yield Found(
            "One seed was run: what differs between variants may be chance, and no interval says how much of it.",
            {"seeds": 1},
        )


@rule("docs/comparing.md#intervals")
def cannot_be_told_apart(seen: Seen) -> Iterator[Found]:
    """Not even the variants with the largest and the smallest value of the headline differ by more than chance.

    Said where the interval of their difference, paired by seed, contains 0.
    """
    metric, rows = seen.run.heading["headline"], seen.run.readings
    if seen.seeds < 2 or metric not in rows or len(seen.points) < 2:
        return
    table = rows[rows["point"].isin(seen.points)].pivot(index="seed", columns="point", values=metric)
    means = table.mean().dropna()
    if len(means) < 2:
        return
    top, bottom = means.idxmax(), means.idxmin()
    differences = (table[top] - table[bottom]).dropna()
    if len(differences) < 2 or differences.abs().max() <= SAME * max(1.0, float(np.abs(means).max())):
        return
    low, high = paired_interval(differences)
    if low <= 0 <= high:
        labels = seen.run.labels
        yield Found(
            f"{len(differences)} seeds cannot tell the variants apart by {metric}: the largest difference, of "
            f"{labels[top]} and {labels[bottom]}, is {plain(differences.mean())} with an interval from {plain(low)} to "
            f"{plain(high)}. More seeds would narrow it.",
            {"difference": float(differences.mean()), "low": low, "high": high, "seeds": len(differences)},
        )
