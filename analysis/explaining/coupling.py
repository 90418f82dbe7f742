"""Tokens that go beyond the bound without memory, or by weight decay."""

from __future__ import annotations

from collections.abc import Iterator

from ..quantities.parameters import parameters
from ..text import percent
from ..theory.end_ratio import memoryless_limit
from .rules import Found, rule
from .saying import ends, plain, span
from .seen import Seen

MIN_EXCESS = 1e-3
MIN_SHARE = 0.1
MIN_DECAY = 0.05
OVERSHOOT = "docs/theory.md#3-overshoot-three-causes-of-a-ratio-beyond-the-bound"


@rule(OVERSHOOT, "drift/excess_mean", "drift/coupled", "drift/coasted", "update/coasting_norm", "ratio/max")
def coupling_alone(seen: Seen) -> Iterator[Found]:
    """Without any momentum tokens still pass the bound: what others lose they gain, through the softmax.

    Said of optimizers that never coast, where coupling makes, with its interval, at least a tenth of the mean excess.
    """
    found = seen.extremes("update/coasting_norm", "ratio/max")
    coasting, most = (found[name][1] for name in ("update/coasting_norm", "ratio/max"))
    points = [
        point
        for point in seen.points
        if coasting.get(point) == 0
        and seen.on_policy(point)
        and not seen.regularised(point)
        and seen.low("drift/excess_mean", point) > MIN_EXCESS
        and seen.low("drift/coupled", point) >= MIN_SHARE * seen.mean("drift/excess_mean", point)
    ]
    if not points:
        return
    coupled, excess = ([seen.mean(name, p) for p in points] for name in ("drift/coupled", "drift/excess_mean"))
    largest = [most[point] for point in points]
    looked_at = {"drift/coupled": ends(coupled), "drift/excess_mean": ends(excess), "ratio/max, largest": ends(largest)}
    looked_at["update/coasting_norm, largest"] = 0.0
    chances = parameters(seen.run)["probability"]
    predicted = {p: limit for p in points if (limit := _limit(seen, p, float(chances[p]))) is not None}
    beside = ""
    if predicted:
        theirs = [seen.mean("ratio/max", point) for point in predicted]
        looked_at |= {"predicted ratio": ends([*predicted.values()]), "ratio/max at the end": ends(theirs)}
        beside = (
            f" Where every arm was sampled, the softmax alone predicts 1 + clip_low (1 − π)/π = "
            f"{span([*predicted.values()])}, and {span(theirs)} is what is left at the end."
        )
    yield Found(
        f"no update coasts, and ratios pass the bound all the same, up to {plain(max(largest))}: coupling moved "
        f"silenced tokens by {span(coupled)} of a mean excess of {span(excess)}. What other tokens lose, these gain, "
        f"clipped or not.{beside}",
        looked_at,
        points,
    )


def _limit(seen: Seen, point: int, probability: float) -> float | None:
    """The end ratio that coupling predicts, where its closed form is valid; else None.

    One rollout of one prompt, every arm of it sampled, the first one rewarded and no other; a table, PPO's clip.
    """
    experiment = seen.run.experiment(point)
    world, gate = experiment["environment"], experiment["surrogate"]["gate"]
    rows, given = world.get("rewards"), (experiment.get("rollouts") or {}).get("completions")
    if world["kind"] != "bandit" or gate["kind"] != "clip" or given is None or len(rows) != 1:
        return None
    sampled = {tokens[0] for tokens in given[0]}
    alone = rows[0][0] > max(rows[0][1:]) and min(rows[0][1:]) == max(rows[0][1:])
    if seen.rollouts(point) != 1 or not alone or sampled != set(range(len(rows[0]))):
        return None
    limit = float(memoryless_limit(probability, gate["clip_low"], gate["clip_high"]))
    return limit if limit > 1 + gate["clip_high"] else None


@rule("docs/theory.md#carried-and-caused", "drift/decayed", "drift/coasted", "drift/coupled", "drift/curved")
def decay_moves_silenced(seen: Seen) -> Iterator[Found]:
    """Weight decay moves tokens that the clip has silenced: it asks no gradient.

    Said where it is, with its interval, at least 5 % of what moves them.
    """
    points, shares = [], []
    for point in seen.points:
        decayed = seen.mean("drift/decayed", point)
        sizes = [abs(seen.mean(f"drift/{name}", point)) for name in ("coasted", "coupled", "curved")]
        apart = seen.low("drift/decayed", point) > 0 or seen.high("drift/decayed", point) < 0
        total = abs(decayed) + sum(sizes)
        if apart and total > MIN_EXCESS and abs(decayed) >= MIN_DECAY * total:
            points.append(point)
            shares.append(abs(decayed) / total)
    if points:
        changes = [seen.mean("drift/decayed", point) for point in points]
        way = "back to the band" if max(changes) < 0 else "outwards" if min(changes) > 0 else "either way"
        yield Found(
            f"weight decay moves tokens that the clip has silenced, {way}: {span(changes)} of log-ratio a rollout, "
            f"{span(shares, percent)} of all that moves them.",
            {"drift/decayed": ends(changes), "share": ends(shares)},
            points,
        )
