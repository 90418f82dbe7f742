"""What memory carried past the clip bound, and what it caused."""

from __future__ import annotations

from collections.abc import Iterator

from ..sentences import memory
from ..text import percent
from .rules import Found, rule
from .saying import ends, span, whose
from .seen import Seen

MIN_EXCESS = 1e-3  # a mean log-ratio beyond the bound that is worth a sentence
MAX_OF_IT = 0.5  # the share from which on "came from" is said
CARRIED = "docs/theory.md#carried-and-caused"


@rule(CARRIED, "drift/excess_mean", "drift/crossing", "drift/silent", "drift/coasted", "drift/coupled")
def moved_after_silence(seen: Seen) -> Iterator[Found]:
    """Most of the movement past the bound came from updates made after the gradient of the token was zero.

    The share is 1 − crossing / excess, of the mean excess that a rollout's updates leave. Said where the excess is
    above 0.001 with its interval, and the share is at least a half.
    """
    by_cause: dict[str, dict[int, float]] = {}
    for point in seen.points:
        excess, crossing = seen.mean("drift/excess_mean", point), seen.mean("drift/crossing", point)
        if not seen.on_policy(point) or not seen.low("drift/excess_mean", point) > MIN_EXCESS:
            continue
        adds_up = abs(crossing + seen.mean("drift/silent", point) - excess) <= 1e-3 * excess
        if adds_up and 0 <= crossing <= (1 - MAX_OF_IT) * excess:
            causes = {name: seen.mean(f"drift/{name}", point) for name in ("coasted", "coupled")}
            cause = max(causes, key=causes.__getitem__)
            most = causes[cause] > MAX_OF_IT * (excess - crossing)
            by_cause.setdefault(cause if most else "", {})[point] = 1 - crossing / excess
    for cause, shares in by_cause.items():
        points = [*shares]
        names = ("crossing", "coasted", "coupled")
        parts = {name: [seen.mean(f"drift/{name}", point) for point in points] for name in names}
        excesses = [seen.mean("drift/excess_mean", point) for point in points]
        yield Found(
            f"{whose(seen.run, shares, percent)} of the movement past the clip bound came from updates made after the "
            f"token's gradient was zero{CAUSES[cause]}: of a mean excess of {span(excesses)}, the step "
            f"across the bound made {span(parts['crossing'])}, memory {span(parts['coasted'])}, coupling "
            f"{span(parts['coupled'])}.",
            {"share": ends([*shares.values()]), "drift/excess_mean": ends(excesses)}
            | {f"drift/{name}": ends(values) for name, values in parts.items()},
            points,
        )


CAUSES = {
    "coasted": ", most of it from the optimizer's memory",
    "coupled": ", most of it from coupling to other tokens",
    "": "",
}


@rule(CARRIED, "drift/excess_max", "twin/drift/excess_max", "drift/over_twin", "drift/coasting")
def memory_carried_and_caused(seen: Seen) -> Iterator[Found]:
    """Memory carries silenced tokens further than it causes: part of the way they would have gone without it.

    Said of the variant with the largest excess, where its excess above the twin's has an interval without 0.
    """
    names = ("drift/excess_max", "twin/drift/excess_max", "drift/coasting", "drift/over_twin")
    rows = seen.run.summary.dropna(subset=[name for name in names if name in seen.run.summary])
    if any(name not in rows for name in names) or rows.empty or not (sentence := memory(seen.run)):
        return
    point = int(rows.loc[rows["drift/excess_max"].idxmax(), "point"])  # the one that the sentence is about
    apart = seen.low("drift/over_twin", point) > 0 or seen.high("drift/over_twin", point) < 0
    if apart and seen.seeds > 1 and point in seen.points and sentence.startswith(f"{seen.run.labels[point]}: "):
        looked_at = {"variant": seen.run.labels[point]} | {name: seen.mean(name, point) for name in names}
        yield Found(sentence, looked_at)
