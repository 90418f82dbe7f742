"""What is pushed that a whole group has in common."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..text import percent
from .rules import Found, rule
from .saying import ends, plain, span
from .seen import Seen

PREFIX = "docs/theory.md#1-a-shared-prefix"
CENTRED = ("group_mean", "group_zscore", "leave_one_out", "batch_zscore", "signal_rescaled", "relative_to_mean")
MIN_SHARE = 0.01
ROUNDING = 1e-9
EQUAL = ("token_mean", "constant_length", "sequence_sum")  # reductions whose weights are the same within a group


@rule(PREFIX, "prefix/weight", "prefix/grad_share")
def shared_prefix_pushed(seen: Seen) -> Iterator[Found]:
    """Weights of 1/length push on tokens that the whole group shares, or do not, where they or the advantages cancel.

    First updates of rollouts alone, before any clip, and advantages that are centred within a group. Pushed is said
    where the push makes, on average, at least 1 % of the gradient; cancelled where the size of W is never above 1e-9.
    """
    columns = ["point", "prefix/weight", "prefix/grad_share"]
    rows = seen.run.stored_updates.read(columns, update=1).dropna(subset=["prefix/weight"])
    rows = rows[rows["point"].isin(seen.points)].assign(size=rows["prefix/weight"].abs())
    groups = rows.groupby("point")
    sizes, most, shares = groups["size"].mean(), groups["size"].max(), groups["prefix/grad_share"].mean()
    pushed = [int(p) for p in sizes.index if _weights(seen, p) == "sequence_mean" and shares[p] >= MIN_SHARE]
    if pushed := [point for point in pushed if most[point] > ROUNDING and _advantage(seen, point) in CENTRED]:
        weights, parts = ([float(frame[p]) for p in pushed] for frame in (sizes, shares))
        yield Found(
            f"tokens that the whole group shares are pushed: |W| = |Σ ω A| is {span(weights)} on average and makes "
            f"{span(parts, percent)} of the gradient's norm. The weights are one over a completion's length, unequal "
            "within a group, so centred advantages do not cancel.",
            {"mean |prefix/weight|": ends(weights), "prefix/grad_share": ends(parts), "reduction": "sequence_mean"},
            pushed,
        )
    cancelled = [int(p) for p in most.index if np.isfinite(most[p]) and most[p] <= ROUNDING and len(rows) > 0]
    for reason, points in _reasons(seen, cancelled).items():
        yield Found(
            f"the pushes on tokens that the whole group shares cancel: |W| is never above {plain(ROUNDING)}, since "
            f"{reason}.",
            {
                "largest |prefix/weight|": ends([float(most[point]) for point in points]),
                "reduction": ", ".join(sorted({_weights(seen, point) for point in points})),
            },
            points,
        )


def _reasons(seen: Seen, points: list[int]) -> dict[str, list[int]]:
    """Why pushes cancel, where that is known."""
    found: dict[str, list[int]] = {}
    for point in points:
        advantage = _advantage(seen, point)
        if advantage == "recentred":
            found.setdefault("the advantages are centred with the weights that the tokens have", []).append(point)
        elif _weights(seen, point) in EQUAL and advantage in CENTRED:
            found.setdefault("all completions of a group weigh the same, and advantages sum to zero", []).append(point)
    return found


def _advantage(seen: Seen, point: int) -> str:
    return seen.surrogate(point)["advantage"]["kind"]


def _weights(seen: Seen, point: int) -> str:
    return seen.surrogate(int(point))["reduction"]["kind"]
