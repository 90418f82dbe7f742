"""Groups that have nothing to tell."""

from __future__ import annotations

from collections.abc import Iterator

from ..text import percent
from .rules import Found, rule
from .saying import ends, span
from .seen import Seen

MANY = 0.3
OTHERWISE = (
    "reward",
    "greedy_baseline",
    "token_whitened",
    "recorded",
)  # advantages that equal rewards do not make zero


@rule("docs/theory.md#the-surrogate-and-its-gradient", "group/zero_std", "grad/norm")
def groups_without_signal(seen: Seen) -> Iterator[Found]:
    """Many groups have rewards that are all equal: their advantages are zero, and with them their gradient.

    Said of advantages within the group, where that is, with its interval, at least 30 % of all groups.
    """
    points = [
        point
        for point in seen.points
        if seen.low("group/zero_std", point) >= MANY and seen.surrogate(point)["advantage"]["kind"] not in OTHERWISE
    ]
    if points:
        shares = [seen.mean("group/zero_std", point) for point in points]
        yield Found(
            f"{span(shares, percent)} of the groups had rewards that are all equal, and no signal: averages over all "
            "updates, such as that of clip/active, count those that had nothing to do.",
            {"group/zero_std": ends(shares)},
            points,
        )
