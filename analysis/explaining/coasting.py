"""Updates of an optimizer that its own gradient does not ask for: after the last one, and from rollouts before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..text import percent
from .rules import Found, rule
from .saying import ends, plain, span
from .seen import Seen

MIN_COASTING = 0.05  # of the last update with a gradient
HALF = 0.5


@rule("docs/theory.md#residuals-of-the-whole-field", "grad/norm", "update/norm")
def coasting(seen: Seen) -> Iterator[Found]:
    """After its last gradient the optimizer goes on: how large its updates still are, and for how long.

    Said where the gradient was exactly zero for two updates or more, and the first update after the last gradient is
    at least 5 % of the one before.
    """
    from ..quantities.residuals import residual_update

    rows = residual_update(seen.run)
    rows = rows[np.isfinite(rows["measured"]) & rows["point"].isin(seen.points)]
    by_count = rows.groupby(["point", "j"], as_index=False).agg(
        measured=("measured", "mean"), closed_form=("closed_form", "mean"), cases=("measured", "size")
    )
    most = by_count.groupby("point")["cases"].transform("first")
    by_count = by_count[by_count["cases"] >= most / 2]  # late ones that few stretches reach are left out
    fades: dict[Any, Any] = {}
    goes_on: dict[Any, Any] = {}
    for point, which in by_count.reset_index(drop=True).groupby("point").indices.items():
        j, sizes, theory = (by_count[name].to_numpy()[which] for name in ("j", "measured", "closed_form"))
        if len(sizes) < 2 or sizes[0] < MIN_COASTING:
            continue
        half = _half_life(j, sizes)
        row = {"first": sizes[0], "last": sizes[-1], "updates": len(sizes), "half": half}
        (goes_on if half is None else fades)[int(point)] = row | {"theory": _half_life(j, theory)}
    if fades:
        halves, theory, after = ([row[key] for row in fades.values()] for key in ("half", "theory", "updates"))
        known = [value for value in theory if value is not None]
        beside = f" (closed form after a steady gradient: {span(known)})" if len(known) == len(theory) else ""
        yield _coasts(
            fades,
            f"after {span(halves)} of {span(after)} updates one is no more than half as large{beside}",
            {"half-life in updates": ends(halves), "updates without a gradient": ends(after)}
            | ({"half-life, closed form": ends(known)} if beside else {}),
        )
    if goes_on:
        left, after = ([row[key] for row in goes_on.values()] for key in ("last", "updates"))
        yield _coasts(
            goes_on,
            f"after {span(after)} updates without a gradient it still makes {span(left, percent)} of the last one with",
            {"left": ends(left), "updates without a gradient": ends(after)},
        )


def _coasts(rows: dict[int, dict], ending: str, looked_at: dict) -> Found:
    first = [row["first"] for row in rows.values()]
    return Found(
        f"the optimizer goes on when the gradient is zero: its first update without one is {span(first, percent)} of "
        f"the last with one, and {ending}.",
        {"first update without a gradient": ends(first), **looked_at},
        list(rows),
    )


def _half_life(counts: np.ndarray, sizes: np.ndarray) -> int | None:
    """The first count at which no more than half is left."""
    small = counts[sizes <= HALF]
    return int(small[0]) if len(small) else None


@rule("docs/theory.md#one-update-a-rollout", "update/earlier_norm", "update/norm")
def momentum_of_earlier_rollouts(seen: Seen) -> Iterator[Found]:
    """With one update a rollout, momentum is what earlier rollouts have left: on-policy gradients, off-policy updates.

    Said where what they left has, with its interval, at least a quarter of the update's norm.
    """
    points = [
        point
        for point in seen.points
        if seen.updates(point) == 1
        and seen.rollouts(point) > 1
        and seen.low("update/earlier_norm", point) >= 0.25 * seen.mean("update/norm", point) > 0
    ]
    if points:
        earlier, whole = ([seen.mean(name, p) for p in points] for name in ("update/earlier_norm", "update/norm"))
        yield Found(
            f"each rollout has one update, and much of it is older: what earlier rollouts' gradients left has a norm "
            f"of {span(earlier, plain)}, the whole update {span(whole, plain)}.",
            {"update/earlier_norm": ends(earlier), "update/norm": ends(whole), "updates per rollout": 1},
            points,
        )
