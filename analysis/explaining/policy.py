"""What became of the policy."""

from __future__ import annotations

from collections.abc import Iterator

from ..text import percent
from .rules import Found, rule
from .saying import ends, plain, span
from .seen import Seen

FAR = 0.1  # nats between the policy that sampled a rollout and the one that its updates leave
COLLAPSED = 0.05  # of the entropy at the start


@rule("docs/glossary.md#metrics", "entropy")
def entropy_collapsed(seen: Seen) -> Iterator[Found]:
    """The policy has come to say one thing: groups of it are all alike, and nothing more can be learned from them.

    Said where the entropy has fallen, with its interval, below 5 % of what it was after the first update.
    """
    start = seen.run.stored_updates.read(["point", "entropy"], rollout=0, update=1).groupby("point")["entropy"].mean()
    points = [
        point
        for point in seen.points
        if seen.rollouts(point) > 1 and start[point] > 0 and seen.high("entropy", point) < COLLAPSED * start[point]
    ]
    if points:
        ending, before = [seen.mean("entropy", p) for p in points], [float(start[p]) for p in points]
        left = [late / early for late, early in zip(ending, before, strict=True)]
        yield Found(
            f"{span(left, percent)} of the entropy is left, {span(ending)} of {span(before)} nats a token: the policy "
            "says one thing, and its groups have nothing more to tell.",
            {"entropy after the first update": ends(before), "entropy at the end": ends(ending)},
            points,
        )


@rule("docs/glossary.md#metrics", "kl/behavior_exact")
def updates_go_far(seen: Seen) -> Iterator[Found]:
    """The updates of one rollout move the policy far from the one that sampled it.

    Said where KL(behavior ‖ policy) at a rollout's end is, with its interval, above 0.1 nats a completion.
    """
    points = [point for point in seen.points if seen.low("kl/behavior_exact", point) > FAR]
    if points:
        distances = [seen.mean("kl/behavior_exact", point) for point in points]
        looked_at = {"kl/behavior_exact": ends(distances)}
        beside = ""
        if all(seen.mean("ratio/ess", point) == seen.mean("ratio/ess", point) for point in points):
            sizes = [seen.mean("ratio/ess", point) for point in points]
            looked_at["ratio/ess"] = ends(sizes)
            beside = f", and its tokens count as {span(sizes, percent)} of as many fresh ones (ratio/ess)"
        yield Found(
            f"a rollout's updates end {span(distances, plain)} nats away from the policy that sampled it{beside}.",
            looked_at,
            points,
        )
