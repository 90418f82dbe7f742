"""The course of metrics over updates or rollouts: means with their intervals over seeds; the line that shows one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..intervals import half_widths
from ..run import Run
from ..run.stored import last
from .style import faded


def add_course(
    drawing: go.Figure, rows: pd.DataFrame, over: str, metric: str, name: str, colour: str, dash: str, legend: bool,
    where: dict[str, int],
) -> None:  # fmt: skip
    """`metric` of the rows over the column `over`, with `…:low` to `…:high` as a ribbon where seeds differ.

    `name` is text as a drawing takes it.
    """
    spread = rows.dropna(subset=[f"{metric}:low", f"{metric}:high"])
    if len(spread):
        drawing.add_scatter(
            x=[*spread[over], *spread[over][::-1]], y=[*spread[f"{metric}:high"], *spread[f"{metric}:low"][::-1]],
            mode="lines", line={"width": 0}, fill="toself", fillcolor=faded(colour, 0.22), hoverinfo="skip",
            legendgroup=name, showlegend=False, **where,
        )  # fmt: skip
    drawing.add_scatter(
        x=rows[over], y=rows[metric], mode="lines", name=name, legendgroup=name, showlegend=legend,
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate=f"{name}, {over} %{{x}}: %{{y:.4g}}<extra></extra>", **where,
    )  # fmt: skip


def axis_of(run: Run) -> str | None:
    """'update', where rollouts have several; else 'rollout', where there are several; else None."""
    most = {"update": 0, "rollout": 0}
    for part in run.stored_updates.each(["update", "rollout"]):
        if len(part):
            most = {"update": max(most["update"], part["update"].max()),
                    "rollout": max(most["rollout"], part["rollout"].max())}  # fmt: skip
    return "update" if most["update"] > 1 else "rollout" if most["rollout"] > 0 else None


def averaged_over(run: Run, over: str, points: Iterable[int]) -> str:
    """What the values of a course are averages over, in words."""
    rollouts = max(run.experiment(point)["training"].get("num_rollouts", 1) for point in points)
    return "seeds and rollouts" if over == "update" and rollouts > 1 else "seeds"


def course(run: Run, metrics: Sequence[str], over: str) -> pd.DataFrame:
    """One row per point and update (or rollout): each metric's mean over seeds, its interval `…:low`, `…:high`.

    Over updates, a seed's value is its mean over rollouts; over rollouts, its value after each one's last update.
    """
    names, by = list(metrics), ["point", "seed", over]
    sums, counts = [], []
    for part in run.stored_updates.each(["point", "seed", "rollout", "update", *names]):
        rows = last(part, "update") if over == "rollout" else part
        groups = rows.assign(**{name: rows[name].where(np.isfinite(rows[name])) for name in names}).groupby(by)[names]
        sums.append(groups.sum())
        counts.append(groups.count())
    total, count = (pd.concat(parts).groupby(level=by).sum() for parts in (sums, counts))
    seeds = (total / count.where(count > 0)).groupby(level=["point", over])
    means, half = seeds.mean(), half_widths(seeds)
    beside = {f"{name}:{side}": means[name] + sign * half[name] for name in names for side, sign in SIDES}
    return means.assign(**beside).reset_index()


SIDES = (("low", -1), ("high", 1))
