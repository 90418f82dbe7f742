"""Points that did not stay finite."""

from __future__ import annotations

from collections.abc import Iterator

from .rules import Found, rule
from .saying import ends
from .seen import Seen


@rule("docs/glossary.md#metrics", "diverged")
def diverged(seen: Seen) -> Iterator[Found]:
    """Parameters became infinite or undefined: what stands in the tables after that is no measurement.

    Said where a parameter is not finite in some seed; no other rule looks at such a variant.
    """
    counts = {point: count for point, count in seen.diverged.items() if count}
    if not counts:
        return
    rows = [
        part[part["diverged"] > 0]
        for part in seen.run.stored_updates.each(["point", "seed", "rollout", "diverged"], point=set(counts))
    ]
    first = min(int(part["rollout"].min()) for part in rows if len(part))
    seeds = f"{min(counts.values())}" + f" to {max(counts.values())}" * (min(counts.values()) < max(counts.values()))
    yield Found(
        f"diverged in {seeds} of {seen.seeds} seeds, at the earliest in rollout {first} (the first is 0): parameters "
        "are no longer finite, and nothing else is said of these variants.",
        {"seeds that diverged": ends([*counts.values()]), "seeds": seen.seeds, "first rollout": first},
        list(counts),
    )
