"""The headline metric, variant by variant or over the swept axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from analysis.excerpt import excerpt, thinned
from analysis.figures.heat_map import maps
from analysis.figures.style import COLOURS, LOG_SPAN, Figure, dress, named, variants, wrapped
from analysis.words import meaning, reading

if TYPE_CHECKING:
    from analysis.run import Run


MOST_DOTS = 60
MOST_CURVES = 24
MOST_ON_A_CURVE = 400


def comparison(run: Run) -> Figure | None:
    """The headline metric with its interval over seeds; a curve over the longest axis, or a dot a point; no map."""
    metric = run.heading["headline"]
    if metric not in run.summary or run.summary[metric].isna().all() or maps(run):
        return None
    axis = _longest_axis(run)
    drawing, rest = _dots(run, metric) if axis is None else _curves(run, metric, axis)
    when = reading(run, metric)
    seeds = int(run.summary["seeds"].max())
    spread = f"; bars are 95 % intervals of the mean over {seeds} seeds (Student's t)" if seeds > 1 else ""
    title = f"{metric}{when}" if axis is None else f"{metric}{when}, over {axis}"
    return Figure("comparison", title, f"{metric}: {meaning(run, metric).rstrip('.')}{spread}.{rest}", drawing)


def _longest_axis(run: Run) -> str | None:
    """The numeric swept column with the most values, if it has three at least."""
    numeric = [name for name in run.swept if pd.api.types.is_numeric_dtype(run.summary[name])]
    counts = {name: run.summary[name].nunique() for name in numeric}
    best = max(counts, key=counts.get, default=None)
    return best if best is not None and counts[best] >= 3 else None


def _errors(rows: pd.DataFrame, metric: str) -> dict:
    return {"type": "data", "array": rows[f"{metric}:high"] - rows[metric], "thickness": 1.2, "width": 3}


def _dots(run: Run, metric: str) -> tuple[go.Figure, str]:
    """A dot a point, and a sentence about those that are left out."""
    drawing, kinds = go.Figure(), variants(run)
    rows, rest = excerpt(run.summary, metric, MOST_DOTS)
    rows = rows.iloc[::-1]
    drawing.add_scatter(
        x=rows[metric],
        y=rows["label"].map(wrapped),
        error_x=_errors(rows, metric),
        mode="markers",
        marker={"size": 11, "color": [kinds.colour(int(point)) for point in rows["point"]]},
        hovertemplate="%{y}: %{x:.5g}<extra></extra>",
    )
    drawing.update_xaxes(title_text=metric)
    drawing.update_yaxes(automargin=True)
    return dress(drawing, height=120 + 34 * len(rows)), f" {rest}." if rest else ""


def _curves(run: Run, metric: str, axis: str) -> tuple[go.Figure, str]:
    """A curve for each value of the other axes, and a sentence about those that are left out."""
    drawing = go.Figure()
    others = [name for name in run.swept if name != axis]
    placed = run.summary.dropna(subset=[axis])  # a variant that has no such axis has no place on it
    groups = list(placed.groupby(others, dropna=False, sort=False)) if others else [((), placed)]
    drawn = [groups[index] for index in thinned(len(groups), MOST_CURVES)]
    for index, (key, rows) in enumerate(drawn):
        rows = rows.sort_values(axis)
        rows = rows.iloc[thinned(len(rows), MOST_ON_A_CURVE)]
        parts = zip(others, key if isinstance(key, tuple) else (key,), strict=True)
        name = named(parts) or metric
        drawing.add_scatter(
            x=rows[axis],
            y=rows[metric],
            error_y=_errors(rows, metric),
            name=name,
            mode="lines+markers",
            line={"color": COLOURS[index % len(COLOURS)], "width": 2},
            hovertemplate=f"{axis} %{{x:g}}: %{{y:.5g}}",
        )
    drawing.update_xaxes(title_text=axis, type=_scale(run.summary[axis]))
    drawing.update_yaxes(title_text=metric, type=_scale(run.summary[metric]))
    hidden = len(groups) - len(drawn)
    return dress(drawing), f" {hidden:,} more curves are in the tables." * (hidden > 0)


def _scale(values: pd.Series) -> str:
    return "log" if values.min() > 0 and values.max() / values.min() >= LOG_SPAN else "linear"
