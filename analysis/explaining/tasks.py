"""Tasks and prompts whose rewards differ in size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..quantities.base import RATIOS
from ..text import percent
from .format import span
from .rules import Found, rule
from .run_stats import RunStats

MAGNITUDE = "docs/theory.md#4-magnitude"
APART = 2.0  # rewards so many times as large are worth a comparison
ALIKE = 1.25  # advantages that differ by no more look alike
MIN_SHARE = 0.75


@rule(MAGNITUDE, "task/<task>/advantage")
def tasks_look_alike(stats: RunStats) -> Iterator[Found]:
    """Dividing by the group's deviation takes the relative scale of tasks away: their advantages are equally large.

    Said where one task's rewards are at least twice another's, and their mean advantages within a factor of 1.25.
    """
    found = {
        point: (rewards, advantage)
        for point, (_, rewards, advantage) in _extreme_tasks(stats).items()
        if stats.kind("advantage", point) in ("group_zscore", "per_source") and 1 / ALIKE <= advantage <= ALIKE
    }
    if found:
        quotients, advantages = ([*values] for values in zip(*found.values(), strict=True))
        yield Found(
            f"the rewards of one task are {span(quotients)} times as large as another's, its advantages only "
            f"{span(advantages)} times: the division by the group's deviation makes tasks of any size look alike.",
            {"quotient of the tasks' scales": quotients, "quotient of their mean |advantage|": advantages},
            [*found],
        )


@rule(MAGNITUDE, RATIOS)
def prompts_look_alike(stats: RunStats) -> Iterator[Found]:
    """Dividing by the group's deviation gives small and large rewards of two prompts the same advantages.

    Said of bandits whose prompts' rewards span ranges that differ by a factor of two or more, where the mean advantages
    are within a factor of 1.25 all the same.
    """
    divided = [point for point in stats.points if stats.kind("advantage", point) == "group_zscore"]
    apart = {point: quotient for point in divided if (quotient := _quotient_of_ranges(stats, point)) >= APART}
    if not apart:
        return
    from ..quantities.clipped import advantage_imbalance

    rows = advantage_imbalance(stats.run)
    means = rows[np.isfinite(rows["measured"])].groupby("point")["measured"].mean().to_dict()
    points = [point for point in apart if means.get(point, np.inf) <= ALIKE]
    if points:
        ranges, imbalances = ([values[point] for point in points] for values in (apart, means))
        yield Found(
            f"the rewards of one prompt span a range {span(ranges)} times as wide as another's, its advantages are "
            f"{span(imbalances)} times as large: the division by the group's deviation makes ±1 and ±5 look alike.",
            {"quotient of the ranges of rewards": ranges, "advantage_imbalance": imbalances},
            points,
        )


def _quotient_of_ranges(stats: RunStats, point: int) -> float:
    """The widest range of a prompt's rewards over the narrowest; 0 where that says nothing."""
    environment = stats.run.experiment(point)["environment"]
    if environment["kind"] != "bandit":
        return 0.0
    ranges = [max(row) - min(row) for row in environment["rewards"]]
    return max(ranges) / min(ranges) if min(ranges) > 0 else 0.0


@rule(MAGNITUDE, "task/<task>/advantage", "task/<task>/grad_share", "task/<task>/update_share")
def large_task_leads(stats: RunStats) -> Iterator[Found]:
    """Where advantages keep the relative scale of tasks, the one with the larger rewards makes most of the update.

    Said where one task's rewards and mean advantages are at least twice another's, and its part of what the update
    gains is, with its interval, at least three quarters.
    """
    found: dict[str, list[int]] = {}
    for point, (large, _, advantages) in _extreme_tasks(stats).items():
        if advantages >= APART and stats.low(f"task/{large}/update_share", point) >= MIN_SHARE:
            found.setdefault(large, []).append(point)
    for name, points in found.items():
        before, after = (stats.means(f"task/{name}/{part}_share", points) for part in ("grad", "update"))
        yield Found(
            f"task {name} has the largest rewards and {span(before, percent)} of the gradient, by its norm: it makes "
            f"{span(after, percent)} of what the update gains. Nothing divides its advantages by their size.",
            {f"task/{name}/grad_share": before, f"task/{name}/update_share": after},
            points,
        )


def _extreme_tasks(stats: RunStats) -> dict[int, tuple[str, float, float]]:
    """Points with a task whose rewards are at least twice another's.

    The task with the largest rewards, and how many times as large as those of the task with the smallest its rewards
    and its mean advantages are.
    """
    found = {}
    for point in stats.points:
        tasks = stats.run.experiment(point)["environment"].get("tasks", [])
        scales = {task["name"]: float(task["scale"]) for task in tasks}
        if len(scales) < 2:
            continue
        large, small = max(scales, key=scales.__getitem__), min(scales, key=scales.__getitem__)
        own, other = (stats.mean(f"task/{name}/advantage", point) for name in (large, small))
        if scales[large] >= APART * scales[small] > 0:
            found[point] = (large, scales[large] / scales[small], own / other)
    return found
