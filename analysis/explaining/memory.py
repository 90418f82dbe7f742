"""What an optimizer's memory does: past the clip bound, after the last gradient, and from earlier rollouts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..sentences import memory
from ..text import percent
from .format import span, whose
from .rules import Found, rule
from .run_stats import MIN_EXCESS, RunStats

MAJORITY = 0.5  # the share from which on "came from" is said
CARRIED = "docs/theory.md#carried-and-caused"
CAUSES = {
    "coasted": ", most of it from the optimizer's memory",
    "coupled": ", most of it from coupling to other tokens",
    "": "",
}
MIN_COASTING = 0.05  # of the last update with a gradient
HALF = 0.5


@rule(CARRIED, "drift/excess_mean", "drift/crossing", "drift/silent", "drift/coasted", "drift/coupled")
def moved_after_silence(stats: RunStats) -> Iterator[Found]:
    """Most of the movement past the bound came from updates made after the gradient of the token was zero.

    The share is 1 − crossing / excess, of the mean excess that a rollout's updates leave. Said where the excess is
    above 0.001 with its interval, and the share is at least a half.
    """
    by_cause: dict[str, dict[int, float]] = {}
    for point in stats.points:
        excess, crossing = stats.mean("drift/excess_mean", point), stats.mean("drift/crossing", point)
        if not stats.on_policy(point) or not stats.low("drift/excess_mean", point) > MIN_EXCESS:
            continue
        adds_up = abs(crossing + stats.mean("drift/silent", point) - excess) <= 1e-3 * excess
        if adds_up and 0 <= crossing <= (1 - MAJORITY) * excess:
            causes = {name: stats.mean(f"drift/{name}", point) for name in ("coasted", "coupled")}
            cause = max(causes, key=causes.__getitem__)
            most = causes[cause] > MAJORITY * (excess - crossing)
            by_cause.setdefault(cause if most else "", {})[point] = 1 - crossing / excess
    for cause, shares in by_cause.items():
        names = ("drift/excess_mean", "drift/crossing", "drift/coasted", "drift/coupled")
        values = {name: stats.means(name, shares) for name in names}
        whole, across, coasted, coupled = map(span, values.values())
        yield Found(
            f"{whose(stats.run, shares, percent)} of the movement past the clip bound came from updates made after the "
            f"token's gradient was zero{CAUSES[cause]}: of a mean excess of {whole}, the step across the bound made "
            f"{across}, memory {coasted}, coupling {coupled}.",
            {"share": [*shares.values()], **values},
            [*shares],
        )


@rule(CARRIED, "drift/excess_max", "twin/drift/excess_max", "drift/over_twin", "drift/coasting")
def memory_carried_and_caused(stats: RunStats) -> Iterator[Found]:
    """Memory carries silenced tokens further than it causes: part of the way they would have gone without it.

    Said of the variant with the largest excess, where its excess above the twin's has an interval without 0.
    """
    names = ("drift/excess_max", "twin/drift/excess_max", "drift/coasting", "drift/over_twin")
    rows = stats.run.summary.dropna(subset=[name for name in names if name in stats.run.summary])
    if any(name not in rows for name in names) or rows.empty or not (sentence := memory(stats.run)):
        return
    point = int(rows.loc[rows["drift/excess_max"].idxmax(), "point"])  # the one that the sentence is about
    label = stats.run.labels[point]
    known = stats.seeds > 1 and point in stats.points and stats.excludes_zero("drift/over_twin", point)
    if known and sentence.startswith(f"{label}: "):
        yield Found(sentence, {"variant": label} | {name: stats.mean(name, point) for name in names})


@rule("docs/theory.md#residuals-of-the-whole-field", "grad/norm", "update/norm")
def coasting(stats: RunStats) -> Iterator[Found]:
    """After its last gradient the optimizer goes on: how large its updates still are, and for how long.

    Said where the gradient was exactly zero for two updates or more, and the first update after the last gradient is
    at least 5 % of the one before.
    """
    from ..quantities.residuals import residual_update

    rows = residual_update(stats.run)
    rows = rows[np.isfinite(rows["measured"]) & rows["point"].isin(stats.points)]
    by_count = rows.groupby(["point", "j"], as_index=False).agg(
        measured=("measured", "mean"), closed_form=("closed_form", "mean"), cases=("measured", "size")
    )
    most = by_count.groupby("point")["cases"].transform("first")
    by_count = by_count[by_count["cases"] >= most / 2]  # late ones that few stretches reach are left out
    half, theory = (
        by_count[by_count[name] <= HALF].groupby("point")["j"].first() for name in ("measured", "closed_form")
    )
    found = by_count.groupby("point")["measured"].agg(["first", "last", "size"]).assign(half=half, theory=theory)
    found = found[(found["size"] > 1) & (found["first"] >= MIN_COASTING)]
    fades, goes_on = found[found["half"].notna()], found[found["half"].isna()]
    if len(fades):
        halves, theories, after = (fades[name].tolist() for name in ("half", "theory", "size"))
        known = not np.isnan(theories).any()
        beside = f" (closed form after a steady gradient: {span(theories)})" if known else ""
        yield _coasts(
            fades,
            f"after {span(halves)} of {span(after)} updates one is no more than half as large{beside}",
            {"half-life in updates": halves, "updates without a gradient": after}
            | ({"half-life, closed form": theories} if known else {}),
        )
    if len(goes_on):
        left, after = (goes_on[name].tolist() for name in ("last", "size"))
        yield _coasts(
            goes_on,
            f"after {span(after)} updates without a gradient it still makes {span(left, percent)} of the last one with",
            {"left": left, "updates without a gradient": after},
        )


def _coasts(rows: pd.DataFrame, ending: str, looked_at: dict[str, list[float]]) -> Found:
    first = rows["first"].tolist()
    return Found(
        f"the optimizer goes on when the gradient is zero: its first update without one is {span(first, percent)} of "
        f"the last with one, and {ending}.",
        {"first update without a gradient": first, **looked_at},
        rows.index.tolist(),
    )


@rule("docs/theory.md#one-update-a-rollout", "update/earlier_norm", "update/norm")
def momentum_of_earlier_rollouts(stats: RunStats) -> Iterator[Found]:
    """With one update a rollout, momentum is what earlier rollouts have left: on-policy gradients, off-policy updates.

    Said where what they left has, with its interval, at least a quarter of the update's norm.
    """
    points = [
        point
        for point in stats.points
        if stats.updates(point) == 1
        and stats.rollouts(point) > 1
        and stats.low("update/earlier_norm", point) >= 0.25 * stats.mean("update/norm", point) > 0
    ]
    if points:
        earlier, whole = (stats.means(name, points) for name in ("update/earlier_norm", "update/norm"))
        yield Found(
            f"each rollout has one update, and much of it is older: what earlier rollouts' gradients left has a norm "
            f"of {span(earlier)}, the whole update {span(whole)}.",
            {"update/earlier_norm": earlier, "update/norm": whole, "updates per rollout": 1},
            points,
        )
