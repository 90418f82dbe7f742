"""What a whole group has in common: a prefix that is pushed or not, rewards that are all equal."""

from __future__ import annotations

from collections.abc import Iterator

from ..text import percent
from .format import plain, span
from .rules import Found, rule
from .run_stats import RunStats

CENTRED = ("group_mean", "group_zscore", "leave_one_out", "batch_zscore", "signal_rescaled", "relative_to_mean")
EQUAL = ("token_mean", "constant_length", "sequence_sum")  # reductions whose weights are the same within a group
NOT_ZERO = ("reward", "greedy_baseline", "token_whitened", "recorded")  # advantages of rewards that are all equal
MIN_SHARE = 0.01
MIN_WITHOUT_SIGNAL = 0.3
ROUNDING = 1e-9


@rule("docs/theory.md#1-a-shared-prefix", "prefix/weight", "prefix/grad_share")
def shared_prefix_pushed(stats: RunStats) -> Iterator[Found]:
    """Weights of 1/length push on tokens that the whole group shares, or do not, where they or the advantages cancel.

    First updates of rollouts alone, before any clip, and advantages that are centred within a group. Pushed is said
    where the push makes, on average, at least 1 % of the gradient; cancelled where the size of W is never above 1e-9.
    """
    columns = ["point", "prefix/weight", "prefix/grad_share"]
    rows = stats.run.stored_updates.read(columns, update=1).dropna(subset=["prefix/weight"])
    groups = rows.assign(size=rows["prefix/weight"].abs()).groupby("point")
    sizes, most, shares = groups["size"].mean(), groups["size"].max(), groups["prefix/grad_share"].mean()
    pushed: list[int] = []
    cancelled: dict[str, list[int]] = {}
    for point in sizes.index.intersection(stats.points).tolist():
        reduction, centred = stats.kind("reduction", point), stats.kind("advantage", point) in CENTRED
        if most[point] > ROUNDING:
            if reduction == "sequence_mean" and centred and shares[point] >= MIN_SHARE:
                pushed.append(point)
        elif stats.kind("advantage", point) == "recentred":
            reason = "the advantages are centred with the weights that the tokens have"
            cancelled.setdefault(reason, []).append(point)
        elif reduction in EQUAL and centred:
            reason = "all completions of a group weigh the same, and advantages sum to zero"
            cancelled.setdefault(reason, []).append(point)
    if pushed:
        weights, parts = ([float(values[point]) for point in pushed] for values in (sizes, shares))
        yield Found(
            f"tokens that the whole group shares are pushed: |W| = |Σ ω A| is {span(weights)} on average and makes "
            f"{span(parts, percent)} of the gradient's norm. The weights are one over a completion's length, unequal "
            "within a group, so centred advantages do not cancel.",
            {"mean |prefix/weight|": weights, "prefix/grad_share": parts, "reduction": "sequence_mean"},
            pushed,
        )
    for reason, points in cancelled.items():
        yield Found(
            f"the pushes on tokens that the whole group shares cancel: |W| is never above {plain(ROUNDING)}, since "
            f"{reason}.",
            {
                "largest |prefix/weight|": [float(most[point]) for point in points],
                "reduction": ", ".join(sorted({stats.kind("reduction", point) for point in points})),
            },
            points,
        )


@rule("docs/theory.md#the-surrogate-and-its-gradient", "group/zero_std", "grad/norm")
def groups_without_signal(stats: RunStats) -> Iterator[Found]:
    """Many groups have rewards that are all equal: their advantages are zero, and with them their gradient.

    Said of advantages within the group, where that is, with its interval, at least 30 % of all groups.
    """
    within = [point for point in stats.points if stats.kind("advantage", point) not in NOT_ZERO]
    points = [point for point in within if stats.low("group/zero_std", point) >= MIN_WITHOUT_SIGNAL]
    if points:
        shares = stats.means("group/zero_std", points)
        yield Found(
            f"{span(shares, percent)} of the groups had rewards that are all equal, and no signal: averages over all "
            "updates, such as that of clip/active, count those that had nothing to do.",
            {"group/zero_std": shares},
            points,
        )
