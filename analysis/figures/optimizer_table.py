"""What is compared, a row each: how its largest ratio goes, and what it comes to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..excerpt import excerpt, thinned
from ..run import Run
from ..text import number
from .bounds import bounds
from .courses import axis_of, course
from .style import BOUND, Figure, dress, labelled, plain, wrapped
from .variants import variants

MIN_COMPARED = 3
COMPARED = {"optimizer": "Optimizers", "method": "Methods"}
MAX_ROWS = 24
ROW, HEAD, FOOT = 40, 70, 20  # pixels
NAMES, SPARK, COLUMN = 180, 150, 84  # pixels across, of each kind of column
NOTHING = 1e-12  # what is smaller is rounding
MAX_UPDATES = 100
TALLEST = 6.0  # times the median height of a row's line; what is higher is cut off
READING = (
    "Lines are the largest ratio, {over} by {over}, on average over seeds, in logarithms and on the same scale in all "
    "rows, whose lowest is a ratio of 1{bound}. Numbers are means over seeds; their intervals are in the "
    "tables.{braking}{rest}"
)
BRAKING = " The braking distance adds up the updates after the last gradient, in units of the last one that had any."


def optimizer_table(run: Run) -> Figure | None:
    """A row per point; needs three optimizers at least, or three variants of another part, and ratios over updates."""
    part = _compared(run)
    over = axis_of(run) if part and "ratio/max" in run.metrics else None
    if over is None:
        return None
    columns = _columns(run)
    rows = run.summary[["point"]].join(columns)
    shown, rest = excerpt(rows.assign(label=run.summary["label"]), run.heading["headline"], MAX_ROWS)
    points = [int(point) for point in shown["point"]]
    courses = course(run, ["ratio/max"], over)
    limits = {bounds(run, point) for point in points}
    limit = limits.pop() if len(limits) == 1 else None
    drawing = make_subplots(
        cols=2, shared_yaxes=True, horizontal_spacing=0.02, column_widths=[SPARK, COLUMN * max(columns.shape[1], 1)]
    )
    _draw_lines(drawing, run, courses[courses["point"].isin(points)], points, over, limit)
    for index, name in enumerate(columns):
        drawing.add_scatter(
            x=[index] * len(shown), y=list(range(len(shown))), mode="text", showlegend=False, hoverinfo="skip",
            text=[number(0.0 if abs(value) < NOTHING else value, 3) for value in shown[name]], row=1, col=2,
        )  # fmt: skip
    _set_axes(drawing, run, points, list(columns), over)
    bound = ", dotted lines are at 1 + clip_high" * (limit is not None)
    reading = READING.format(
        over=over, bound=bound, rest=f" {rest}." if rest else "", braking=BRAKING * ("braking_distance" in columns)
    )
    width = NAMES + SPARK + COLUMN * columns.shape[1]
    title = f"{COMPARED.get(str(part), 'Variants')} side by side"
    drawn = courses.rename(columns=lambda name: name.replace("ratio/max", f"ratio/max by {over}"))
    data = labelled(run, drawn.merge(rows, on="point"))
    return Figure("optimizer_table", title, reading, drawing, least_width=width, data=data)


def _compared(run: Run) -> str | None:
    """What part the scenario has three variants of at least: 'optimizer', where it is among several."""
    points = [run.values(point) for point in range(len(run.points))]
    compared = [name for name in run.swept if "." not in name]
    several = [name for name in compared if len({values.get(name) for values in points}) >= MIN_COMPARED]
    return min(several, key=lambda name: name != "optimizer", default=None)


def _columns(run: Run) -> pd.DataFrame:
    """The headline and what else tells optimizers apart, a row per point, in the summary's order."""
    from ..quantities import QUANTITIES

    wanted = dict.fromkeys([run.heading["headline"], "drift/over_twin", "return/exact"])
    found = {name: run.summary[name] for name in wanted if name in run.summary and run.summary[name].notna().any()}
    if {"grad/norm", "update/norm"} <= {*run.metrics}:
        rows = QUANTITIES["braking_distance"](run)
        if len(rows) and rows["measured"].max() > 0:
            found["braking_distance"] = run.summary["point"].map(rows.groupby("point")["measured"].mean())
    return pd.DataFrame(found, index=run.summary.index)


def _draw_lines(
    drawing: go.Figure, run: Run, courses: pd.DataFrame, points: list[int], over: str, limit: tuple[float, float] | None
) -> None:  # fmt: skip
    """A line per row, from 0.35 below its middle to 0.35 above it; rows count downwards."""
    kinds = variants(run)
    heights = np.log(courses.set_index("point")["ratio/max"].where(lambda ratio: ratio > 0))
    highest = heights.replace([np.inf, -np.inf], np.nan).groupby("point").max()
    scale = min(highest.max(), TALLEST * highest.median()) or 1.0
    for row, point in enumerate(points):
        own = courses[courses["point"] == point]
        own = own.iloc[thinned(len(own), MAX_UPDATES)]
        height = np.log(own["ratio/max"]).clip(0, scale)
        if limit is not None and limit[1] < scale:
            level = row + 0.35 - 0.7 * limit[1] / scale
            drawing.add_scatter(
                x=[0, courses[over].max()], y=[level, level], mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": BOUND, "width": 1, "dash": "dot"}, row=1, col=1,
            )  # fmt: skip
        drawing.add_scatter(
            x=[0, *own[over]] if over == "update" else own[over], mode="lines", showlegend=False,
            y=row + 0.35 - 0.7 / scale * np.array([0, *height] if over == "update" else height),
            customdata=[1.0, *own["ratio/max"]] if over == "update" else own["ratio/max"],
            line={"color": kinds.colour(point), "width": 2},
            hovertemplate=f"{plain(run.labels[point])}, {over} %{{x}}: %{{customdata:.4g}}<extra></extra>",
            row=1, col=1,
        )  # fmt: skip


def _set_axes(drawing: go.Figure, run: Run, points: list[int], columns: list[str], over: str) -> None:
    drawing.update_yaxes(
        range=[len(points) - 0.45, -0.55], tickvals=list(range(len(points))), zeroline=False, showgrid=False,
        ticktext=[wrapped(run.labels[point]) for point in points], tickfont={"size": 12},
    )  # fmt: skip
    drawing.update_yaxes(showticklabels=False, col=2)
    dress(drawing, height=HEAD + ROW * len(points) + FOOT).update_layout(margin={"t": HEAD, "b": FOOT, "l": NAMES})
    drawing.update_xaxes(side="top", showgrid=False, zeroline=False, fixedrange=True)
    drawing.update_xaxes(tickvals=[], title={"text": f"largest ratio<br>over {over}s", "font": {"size": 12}}, col=1)
    drawing.update_xaxes(
        range=[-0.5, max(len(columns), 1) - 0.5], tickvals=list(range(len(columns))), tickangle=0,
        tickfont={"size": 12}, ticktext=[_header(name) for name in columns], col=2,
    )  # fmt: skip


def _header(name: str) -> str:
    """'drift/<br>over_twin', 'braking<br>distance'."""
    return plain(name).replace("/", "/<br>").replace("braking_", "braking<br>")
