"""Why a clip did not act."""

from __future__ import annotations

from collections.abc import Iterator

from .rules import Found, rule
from .saying import ends, plain, span, whose
from .seen import Seen


@rule("docs/theory.md#one-update-a-rollout", "clip/active", "ratio/max")
def clip_cannot_act(seen: Seen) -> Iterator[Found]:
    """With one update a rollout every ratio is 1 when its gradient is taken: `clip/active` is 0 whatever the bound.

    Said where rollouts have one update, begin at ratios of 1, and `clip/active` was never anything but 0.
    """
    found = seen.extremes("clip/active", "ratio/max")
    active, largest = (found[name][1] for name in ("clip/active", "ratio/max"))
    points = [p for p in seen.points if seen.updates(p) == 1 and seen.on_policy(p) and active.get(p) == 0]
    if points:
        ratios = [largest[point] for point in points]
        yield Found(
            "clip/active is 0 because each rollout has one update: its gradient is taken where the rollout was "
            "sampled, every ratio is 1 there, and clipping cannot act. Nothing bounds that update: the largest ratio "
            f"after one is {whose(seen.run, dict(zip(points, ratios, strict=True)))}.",
            {"updates per rollout": 1, "clip/active, largest": 0.0, "ratio/max, largest": ends(ratios)},
            points,
        )


@rule("docs/theory.md#3-overshoot-three-causes-of-a-ratio-beyond-the-bound", "clip/active", "ratio/max", "ratio/min")
def clip_never_reached(seen: Seen) -> Iterator[Found]:
    """Although rollouts have several updates, no ratio ever leaves the band, so the clip has nothing to do.

    Said of PPO's clip on the tokens' own ratios, where the largest and the smallest of the whole run are inside.
    """
    found = seen.extremes("clip/active", "ratio/max", "ratio/min")
    points, bounds = [], []
    for point in seen.points:
        gate, level = (seen.surrogate(point).get(part) or {} for part in ("gate", "level"))
        if gate.get("kind") != "clip" or level.get("kind", "token") != "token" or seen.updates(point) < 2:
            continue
        low, high = 1 - gate["clip_low"], 1 + gate["clip_high"]
        inside = found["ratio/min"][0][point] >= low and found["ratio/max"][1][point] <= high
        if inside and found["clip/active"][1][point] == 0:
            points.append(point)
            bounds.append(high)
    if points:
        smallest = [found["ratio/min"][0][point] for point in points]
        largest = [found["ratio/max"][1][point] for point in points]
        yield Found(
            f"clip/active is 0 although each rollout has {span([seen.updates(p) for p in points])} updates: the ratios "
            f"never leave the band. The largest of the whole run is {span(largest)} (bound {span(bounds)}), the "
            f"smallest {plain(min(smallest))}; this run would be the same without a clip.",
            {
                "updates per rollout": ends([seen.updates(point) for point in points]),
                "clip/active, largest": 0.0,
                "ratio/max, largest": ends(largest),
                "ratio/min, smallest": ends(smallest),
                "1 + clip_high": ends(bounds),
            },
            points,
        )
