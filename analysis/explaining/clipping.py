"""Rules about a run's extremes: parameters that are no longer finite, clips that never acted."""

from __future__ import annotations

from collections.abc import Iterator

from .format import plain, span, whose
from .rules import Found, rule
from .run_stats import RunStats


@rule("docs/glossary.md#metrics", "diverged")
def diverged(stats: RunStats) -> Iterator[Found]:
    """Parameters became infinite or undefined: what stands in the tables after that is no measurement.

    Said where a parameter is not finite in some seed; no other rule looks at such a variant.
    """
    counts = {point: count for point, count in stats.diverged.items() if count}
    if not counts:
        return
    parts = stats.run.stored_updates.each(["rollout", "diverged"], point=set(counts))
    rollouts = [part.loc[part["diverged"] > 0, "rollout"] for part in parts]
    first = min(int(some.min()) for some in rollouts if len(some))
    yield Found(
        f"diverged in {span([*counts.values()], str)} of {stats.seeds} seeds, at the earliest in rollout {first} (the "
        "first is 0): parameters are no longer finite, and nothing else is said of these variants.",
        {"seeds that diverged": [*counts.values()], "seeds": stats.seeds, "first rollout": first},
        [*counts],
    )


@rule("docs/theory.md#one-update-a-rollout", "clip/active", "ratio/max")
def clip_cannot_act(stats: RunStats) -> Iterator[Found]:
    """With one update a rollout every ratio is 1 when its gradient is taken: `clip/active` is 0 whatever the bound.

    Said where rollouts have one update, begin at ratios of 1, and `clip/active` was never anything but 0.
    """
    found = stats.extremes("clip/active", "ratio/max")
    active, largest = (found[name][1] for name in ("clip/active", "ratio/max"))
    points = [p for p in stats.points if stats.updates(p) == 1 and stats.on_policy(p) and active.get(p) == 0]
    if points:
        ratios = {point: largest[point] for point in points}
        yield Found(
            "clip/active is 0 because each rollout has one update: its gradient is taken where the rollout was "
            "sampled, every ratio is 1 there, and clipping cannot act. Nothing bounds that update: the largest ratio "
            f"after one is {whose(stats.run, ratios)}.",
            {"updates per rollout": 1, "clip/active, largest": 0.0, "ratio/max, largest": [*ratios.values()]},
            points,
        )


@rule("docs/theory.md#3-overshoot-three-causes-of-a-ratio-beyond-the-bound", "clip/active", "ratio/max", "ratio/min")
def clip_never_reached(stats: RunStats) -> Iterator[Found]:
    """Although rollouts have several updates, no ratio ever leaves the band, so the clip has nothing to do.

    Said of PPO's clip on the tokens' own ratios, where the largest and the smallest of the whole run are inside.
    """
    found = stats.extremes("clip/active", "ratio/max", "ratio/min")
    active, largest, smallest = found["clip/active"][1], found["ratio/max"][1], found["ratio/min"][0]
    bounds = {}
    for point in stats.points:
        gate, level = (stats.surrogate(point).get(part) or {} for part in ("gate", "level"))
        if gate.get("kind") != "clip" or level.get("kind", "token") != "token" or stats.updates(point) < 2:
            continue
        low, high = 1 - gate["clip_low"], 1 + gate["clip_high"]
        if smallest[point] >= low and largest[point] <= high and active[point] == 0:
            bounds[point] = high
    if bounds:
        least, most = ([values[point] for point in bounds] for values in (smallest, largest))
        updates = [stats.updates(point) for point in bounds]
        yield Found(
            f"clip/active is 0 although each rollout has {span(updates)} updates: the ratios never leave the band. The "
            f"largest of the whole run is {span(most)} (bound {span([*bounds.values()])}), the smallest "
            f"{plain(min(least))}; this run would be the same without a clip.",
            {
                "updates per rollout": updates,
                "clip/active, largest": 0.0,
                "ratio/max, largest": most,
                "ratio/min, smallest": least,
                "1 + clip_high": [*bounds.values()],
            },
            [*bounds],
        )
