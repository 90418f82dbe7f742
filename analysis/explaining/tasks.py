"""Tasks and prompts whose rewards differ in size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..text import percent
from .rules import Found, rule
from .saying import ends, span
from .seen import Seen

MAGNITUDE = "docs/theory.md#4-magnitude"
APART = 2.0  # rewards so many times as large are worth a comparison
ALIKE = 1.25  # advantages that differ by no more look alike
MAX_OF_IT = 0.75
RATIOS = "[record] ratios"


@rule(MAGNITUDE, "task/<task>/advantage")
def tasks_look_alike(seen: Seen) -> Iterator[Found]:
    """Dividing by the group's deviation takes the relative scale of tasks away: their advantages are equally large.

    Said where one task's rewards are at least twice another's, and their mean advantages within a factor of 1.25.
    """
    points, quotients, advantages = [], [], []
    for point in seen.points:
        scales = _scales(seen, point)
        if len(scales) < 2 or seen.surrogate(point)["advantage"]["kind"] not in ("group_zscore", "per_source"):
            continue
        large, small = max(scales, key=scales.__getitem__), min(scales, key=scales.__getitem__)
        sizes = [seen.mean(f"task/{name}/advantage", point) for name in (large, small)]
        if scales[large] >= APART * scales[small] > 0 and 1 / ALIKE <= sizes[0] / sizes[1] <= ALIKE:
            points.append(point)
            quotients.append(scales[large] / scales[small])
            advantages.append(sizes[0] / sizes[1])
    if points:
        yield Found(
            f"the rewards of one task are {span(quotients)} times as large as another's, its advantages only "
            f"{span(advantages)} times: the division by the group's deviation makes tasks of any size look alike.",
            {"quotient of the tasks' scales": ends(quotients), "quotient of their mean |advantage|": ends(advantages)},
            points,
        )


@rule(MAGNITUDE, RATIOS)
def prompts_look_alike(seen: Seen) -> Iterator[Found]:
    """Dividing by the group's deviation gives small and large rewards of two prompts the same advantages.

    Said of bandits whose prompts' rewards span ranges that differ by a factor of two or more, where the mean advantages
    are within a factor of 1.25 all the same.
    """
    wanted = [point for point in seen.points if _apart(seen, point) >= APART and _divides(seen, point)]
    if not wanted:
        return
    from ..quantities.clipped import advantage_imbalance

    rows = advantage_imbalance(seen.run)
    means = rows[np.isfinite(rows["measured"])].groupby("point")["measured"].mean()
    found = {point: float(means[point]) for point in wanted if point in means and means[point] <= ALIKE}
    if found:
        apart = [_apart(seen, point) for point in found]
        yield Found(
            f"the rewards of one prompt span a range {span(apart)} times as wide as another's, its advantages are "
            f"{span([*found.values()])} times as large: the division by the group's deviation makes ±1 and ±5 look "
            "alike.",
            {"quotient of the ranges of rewards": ends(apart), "advantage_imbalance": ends([*found.values()])},
            [*found],
        )


def _apart(seen: Seen, point: int) -> float:
    """The widest range of a prompt's rewards over the narrowest; 0 where that says nothing."""
    world = seen.run.experiment(point)["environment"]
    if world["kind"] != "bandit":
        return 0.0
    ranges = [max(row) - min(row) for row in world["rewards"]]
    return max(ranges) / min(ranges) if min(ranges) > 0 else 0.0


def _divides(seen: Seen, point: int) -> bool:
    return seen.surrogate(point)["advantage"]["kind"] == "group_zscore"


@rule(MAGNITUDE, "task/<task>/advantage", "task/<task>/grad_share", "task/<task>/update_share")
def large_task_leads(seen: Seen) -> Iterator[Found]:
    """Where advantages keep the relative scale of tasks, the one with the larger rewards makes most of the update.

    Said where one task's rewards and mean advantages are at least twice another's, and its part of what the update
    gains is, with its interval, at least three quarters.
    """
    found: dict[str, list[int]] = {}
    for point in seen.points:
        scales = _scales(seen, point)
        if len(scales) < 2:
            continue
        large, small = max(scales, key=scales.__getitem__), min(scales, key=scales.__getitem__)
        sizes = [seen.mean(f"task/{name}/advantage", point) for name in (large, small)]
        keeps = scales[large] >= APART * scales[small] > 0 and sizes[0] >= APART * sizes[1]
        if keeps and seen.low(f"task/{large}/update_share", point) >= MAX_OF_IT:
            found.setdefault(large, []).append(point)
    for name, points in found.items():
        before, after = ([seen.mean(f"task/{name}/{part}_share", p) for p in points] for part in ("grad", "update"))
        yield Found(
            f"task {name} has the largest rewards and {span(before, percent)} of the gradient, by its norm: it makes "
            f"{span(after, percent)} of what the update gains. Nothing divides its advantages by their size.",
            {f"task/{name}/grad_share": ends(before), f"task/{name}/update_share": ends(after)},
            points,
        )


def _scales(seen: Seen, point: int) -> dict[str, float]:
    """How large each task's rewards are."""
    tasks = seen.run.experiment(point)["environment"].get("tasks", [])
    return {task["name"]: float(task["scale"]) for task in tasks}
