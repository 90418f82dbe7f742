"""The headline metric over two swept numbers: a map, one panel for each value of a third."""

from __future__ import annotations

import numpy as np
import pandas as pd
from plotly.subplots import make_subplots

from ..run import Run
from ..sentences import meaning, reading
from .style import MAX_PANELS, PANEL, Figure, dress, labelled, named, plain, wrapped

MIN_CELLS = 12  # fewer are easier to read in a table
MAX_GAPS = 40  # columns, of all panels; gaps between more would take the room of their colours
DECADES = 1e3  # colours are of logarithms where the largest value is so many times the smallest


def heat_map(run: Run) -> Figure | None:
    """Colour is the headline; needs two swept numbers that all variants have, with a dozen cells at least."""
    if not maps(run):
        return None
    metric, axes = run.heading["headline"], _axes(run)
    (across, up), rest = axes[:2], [name for name in run.swept if name not in axes[:2]]
    rows = run.summary.dropna(subset=[across, up, metric])
    panels = [("", rows)]
    if rest:
        panels = [(named([(rest[0], value)]), own) for value, own in rows.groupby(rest[0], sort=False, dropna=False)]
    hidden, panels = max(len(panels) - MAX_PANELS, 0), panels[:MAX_PANELS]
    shown = pd.concat([own[metric] for _, own in panels])
    in_logarithms = shown.min() > 0 and shown.max() / shown.min() >= DECADES
    drawing = make_subplots(
        cols=len(panels),
        shared_yaxes=True,
        subplot_titles=[wrapped(name) for name, _ in panels],
        horizontal_spacing=0.03,
    )
    for index, (_, own) in enumerate(panels):
        table = own.pivot_table(index=up, columns=across, values=metric)
        drawing.add_heatmap(
            x=[f"{value:.3g}" for value in table.columns], y=[f"{value:.3g}" for value in table.index],
            z=np.log10(table) if in_logarithms else table, customdata=table, coloraxis="coloraxis", ygap=1,
            xgap=float(table.shape[1] * len(panels) <= MAX_GAPS),
            hovertemplate=f"{plain(_short(across))} %{{x}}, {plain(_short(up))} %{{y}}: "
            "%{customdata:.4g}<extra></extra>",
            row=1, col=index + 1,
        )  # fmt: skip
    drawing.update_annotations(font_size=13)
    drawing.update_xaxes(title_text=plain(_short(across)), type="category", nticks=4)
    drawing.update_yaxes(type="category")
    drawing.update_yaxes(title_text=plain(_short(up)), col=1)
    powers = {"tickprefix": "10<sup>", "ticksuffix": "</sup>"} if in_logarithms else {}
    drawing.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": {"title": _narrow(metric), **powers}})
    title = f"{metric}{reading(run, metric)}, over {_short(across)} and {_short(up)}"
    reading_of_colours = f"Colour is {metric}: {meaning(run, metric).rstrip('.')}."
    more = f" {hidden:,} more values of {_short(rest[0])} are in the tables." if hidden else ""
    width = PANEL * (len(panels) + 1) if len(panels) > 1 else 0
    data = labelled(run, run.summary[["point", across, up, *rest, metric]])
    return Figure("heat_map", title, reading_of_colours + more, dress(drawing), least_width=width, data=data)


def maps(run: Run) -> bool:
    """Whether the run is such a map."""
    metric, axes = run.heading["headline"], _axes(run)
    if metric not in run.summary or len(axes) < 2 or len(run.swept) > 3:
        return False
    known = run.summary.dropna(subset=[metric])
    return len(known) >= MIN_CELLS and bool(known[axes[:2]].notna().all(axis=None))


def _axes(run: Run) -> list[str]:
    """The swept numbers, those with the most values first."""
    numeric = [name for name in run.swept if "." in name and pd.api.types.is_numeric_dtype(run.summary[name])]
    counts = {name: run.summary[name].nunique() for name in numeric}
    return sorted((name for name in numeric if counts[name] >= 3), key=lambda name: -counts[name])


def _short(column: str) -> str:
    return column.rsplit(".", 1)[-1]


def _narrow(metric: str) -> str:
    """A metric's name above a colour bar: 'update/<br>displacement'."""
    return plain(metric).replace("/", "/<br>")
