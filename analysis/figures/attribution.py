"""What each update added to the excess, cause by cause; or how large an update's parts are."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..excerpt import thinned
from ..run import Run
from .causes import CAUSES, sizes
from .courses import averaged_over, axis_of, course
from .style import DASHES, Figure, labelled, more_variants
from .variants import cell, finish, grid, variants

MAX_PANELS = 4
MAX_BARS = 200  # in a panel; more are added up, so many in one
MIN_SHARE = 1e-3  # of the largest excess, below which a variant has none
PARTS = {
    "update/fresh_norm": ("fresh: this gradient", "#1578b8"),
    "update/coasting_norm": ("coasting: memory", "#d9601a"),
    "update/decay_norm": ("weight decay", "#8a63c4"),
}
READING = (
    "Each bar is what one update added to the mean log-ratio beyond the clip bound, by cause, on average over {of}. "
    "{sums} Below 0 is what led back towards the band."
)
SUMS = {
    "update": "All of a panel's bars together are the excess at a rollout's end.",
    "rollout": "A rollout has one update, whose bar is all of its excess.",
}
NORMS = (
    "Lines are the sizes of an update's parts, on average over {of}. They do not add up: parts may point against each "
    "other, and then the whole is smaller than they are."
)


def attribution(run: Run) -> Figure | None:
    """A stack over updates; the sizes of the updates' parts where nothing of an excess was taken apart."""
    if (over := axis_of(run)) is None:
        return None
    of = averaged_over(run, over, range(len(run.points)))
    return _excess(run, over, of) or _norms(run, over, of)


def _excess(run: Run, over: str, of: str) -> Figure | None:
    causes = [name for name in CAUSES if name in run.metrics]
    if not {"drift/crossing", "drift/coasted"} <= {*causes}:
        return None
    rows = course(run, causes, over)[["point", over, *causes]].dropna(subset=["drift/coasted"])
    rows = rows.assign(**{name: sizes(rows, name) for name in causes})
    if rows.empty or rows[causes].abs().max(axis=None) == 0:
        return None
    totals = rows.groupby("point")[causes].sum().sum(axis=1).sort_values(ascending=False, kind="stable")
    totals = totals[totals.abs() > MIN_SHARE * totals.abs().max()]
    points = sorted(totals.index[:MAX_PANELS])
    drawing = grid([run.labels[point] for point in points])
    shown = rows[rows["point"].isin(points)]
    together = -(-shown.groupby("point").size().max() // MAX_BARS)
    drawn = [name for name in causes if shown[name].abs().max() > 0.01 * shown[causes].abs().max(axis=None)]
    for index, point in enumerate(points):
        own = shown[shown["point"] == point]
        own = own.groupby((own[over] - own[over].min()) // together).agg({over: "first"} | dict.fromkeys(drawn, "sum"))
        for name in drawn:
            text, colour = CAUSES[name]
            drawing.add_bar(
                x=own[over], y=own[name], name=text, legendgroup=name, showlegend=index == 0,
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate=f"{over} %{{x}}, {text}: %{{y:.4g}}<extra></extra>", **cell(index, len(points)),
            )  # fmt: skip
    drawing.update_layout(barmode="relative", bargap=0.1)
    reading = READING.format(of=of, sums=SUMS[over])
    if together > 1:
        reading += f" {together} updates are drawn as one bar."
    title = f"What each {over} added to the excess"
    return _figure(run, rows, points, finish(drawing, len(points), over, "log-ratio"), title, reading)


def _norms(run: Run, over: str, of: str) -> Figure | None:
    parts = [name for name in PARTS if name in run.metrics]
    if "update/coasting_norm" not in parts:
        return None
    rows = course(run, parts, over)[["point", over, *parts]]
    rows = rows.dropna(subset=["update/coasting_norm"])
    if rows.empty:
        return None
    points = variants(run).first(MAX_PANELS, sorted(rows["point"].unique()))
    drawing = grid([run.labels[point] for point in points])
    for index, point in enumerate(points):
        own = rows[rows["point"] == point]
        own = own.iloc[thinned(len(own), MAX_BARS)]
        for number, name in enumerate(parts):
            text, colour = PARTS[name]
            drawing.add_scatter(
                x=own[over], y=own[name], name=text, legendgroup=name, showlegend=index == 0, mode="lines",
                line={"color": colour, "width": 2, "dash": DASHES[number]},
                hovertemplate=f"{over} %{{x}}, {text}: %{{y:.4g}}<extra></extra>", **cell(index, len(points)),
            )  # fmt: skip
    drawing.update_yaxes(rangemode="tozero")
    title = "What the updates are made of"
    return _figure(run, rows, points, finish(drawing, len(points), over, "norm"), title, NORMS.format(of=of))


def _figure(run: Run, rows: pd.DataFrame, points: list[int], drawing: go.Figure, title: str, reading: str) -> Figure:
    reading += more_variants(rows["point"].nunique() - len(points))
    return Figure("attribution", title, reading, drawing, data=labelled(run, rows))
