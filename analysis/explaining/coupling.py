"""Tokens that go beyond the bound without memory, or by weight decay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..quantities.parameters import parameters
from ..text import percent
from ..theory.coupling import memoryless_limit
from .format import plain, span
from .rules import Found, rule
from .run_stats import MIN_EXCESS, RunStats

MIN_SHARE = 0.1
MIN_DECAY = 0.05
OVERSHOOT = "docs/theory.md#3-overshoot-three-causes-of-a-ratio-beyond-the-bound"


@rule(OVERSHOOT, "drift/excess_mean", "drift/coupled", "drift/coasted", "update/coasting_norm", "ratio/max")
def coupling_alone(stats: RunStats) -> Iterator[Found]:
    """Without any momentum tokens still pass the bound: what others lose they gain, through the softmax.

    Said of optimizers that never coast, where coupling makes, with its interval, at least a tenth of the mean excess.
    """
    found = stats.extremes("update/coasting_norm", "ratio/max")
    coasting, most = (found[name][1] for name in ("update/coasting_norm", "ratio/max"))
    points = [
        point
        for point in stats.points
        if coasting.get(point) == 0
        and stats.on_policy(point)
        and not stats.regularised(point)
        and stats.low("drift/excess_mean", point) > MIN_EXCESS
        and stats.low("drift/coupled", point) >= MIN_SHARE * stats.mean("drift/excess_mean", point)
    ]
    if not points:
        return
    coupled, excess = (stats.means(name, points) for name in ("drift/coupled", "drift/excess_mean"))
    largest = [most[point] for point in points]
    looked_at: dict[str, Any] = {"drift/coupled": coupled, "drift/excess_mean": excess, "ratio/max, largest": largest}
    looked_at["update/coasting_norm, largest"] = 0.0
    chances = parameters(stats.run)["probability"]
    predicted = {p: limit for p in points if (limit := _limit(stats, p, float(chances[p]))) is not None}
    beside = ""
    if predicted:
        limits, ratios = [*predicted.values()], stats.means("ratio/max", predicted)
        looked_at |= {"predicted ratio": limits, "ratio/max at the end": ratios}
        beside = (
            f" Where every arm was sampled, the softmax alone predicts 1 + clip_low (1 − π)/π = {span(limits)}, and "
            f"{span(ratios)} is what is left at the end."
        )
    yield Found(
        f"no update coasts, and ratios pass the bound all the same, up to {plain(max(largest))}: coupling moved "
        f"silenced tokens by {span(coupled)} of a mean excess of {span(excess)}. What other tokens lose, these gain, "
        f"clipped or not.{beside}",
        looked_at,
        points,
    )


def _limit(stats: RunStats, point: int, probability: float) -> float | None:
    """The end ratio that coupling predicts, where its closed form is valid; else None.

    One rollout of one prompt, every arm of it sampled, the first one rewarded and no other; a table, PPO's clip.
    """
    experiment = stats.run.experiment(point)
    environment, gate = experiment["environment"], experiment["surrogate"]["gate"]
    rows, given = environment.get("rewards"), (experiment.get("rollouts") or {}).get("completions")
    if environment["kind"] != "bandit" or gate["kind"] != "clip" or given is None or len(rows) != 1:
        return None
    sampled = {tokens[0] for tokens in given[0]}
    alone = rows[0][0] > max(rows[0][1:]) and min(rows[0][1:]) == max(rows[0][1:])
    if stats.rollouts(point) != 1 or not alone or sampled != set(range(len(rows[0]))):
        return None
    limit = float(memoryless_limit(probability, gate["clip_low"], gate["clip_high"]))
    return limit if limit > 1 + gate["clip_high"] else None


@rule("docs/theory.md#carried-and-caused", "drift/decayed", "drift/coasted", "drift/coupled", "drift/curved")
def decay_moves_silenced(stats: RunStats) -> Iterator[Found]:
    """Weight decay moves tokens that the clip has silenced: it asks no gradient.

    Said where it is, with its interval, at least 5 % of what moves them.
    """
    shares = {}
    for point in stats.points:
        parts = [abs(stats.mean(f"drift/{name}", point)) for name in ("decayed", "coasted", "coupled", "curved")]
        decayed, total = parts[0], sum(parts)
        if stats.excludes_zero("drift/decayed", point) and total > MIN_EXCESS and decayed >= MIN_DECAY * total:
            shares[point] = decayed / total
    if shares:
        changes = stats.means("drift/decayed", shares)
        way = "back to the band" if max(changes) < 0 else "outwards" if min(changes) > 0 else "either way"
        yield Found(
            f"weight decay moves tokens that the clip has silenced, {way}: {span(changes)} of log-ratio a rollout, "
            f"{span([*shares.values()], percent)} of all that moves them.",
            {"drift/decayed": changes, "share": [*shares.values()]},
            [*shares],
        )
