"""The headline metric over two swept numbers: a map, one panel for each value of a third."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from plotly.subplots import make_subplots

from analysis.figures.style import MOST_PANELS, Figure, dress
from analysis.words import meaning, reading

if TYPE_CHECKING:
    from analysis.run import Run

LEAST_CELLS = 12  # fewer are easier to read in a table


def heat_map(run: Run) -> Figure | None:
    """Colour is the headline; needs two swept numbers, crossed, with a dozen cells at least."""
    if not maps(run):
        return None
    metric, axes = run.heading["headline"], _axes(run)
    (across, up), rest = axes[:2], [name for name in run.swept if name not in axes[:2]]
    rows = run.summary.dropna(subset=[across, up, metric])
    panels = [("", rows)] if not rest else [(_title(rest[0], value), own) for value, own in rows.groupby(rest[0])]
    panels = panels[:MOST_PANELS]
    drawing = make_subplots(
        cols=len(panels), shared_yaxes=True, subplot_titles=[name for name, _ in panels], horizontal_spacing=0.03
    )
    for index, (_, own) in enumerate(panels):
        table = own.pivot_table(index=up, columns=across, values=metric)
        drawing.add_heatmap(
            x=[f"{value:.3g}" for value in table.columns], y=[f"{value:.3g}" for value in table.index],
            z=table.to_numpy(), coloraxis="coloraxis", xgap=1, ygap=1,
            hovertemplate=f"{_short(across)} %{{x}}, {_short(up)} %{{y}}: %{{z:.4g}}<extra></extra>",
            row=1, col=index + 1,
        )  # fmt: skip
    drawing.update_xaxes(title_text=_short(across), type="category", nticks=4, tickangle=0)
    drawing.update_yaxes(type="category")
    drawing.update_yaxes(title_text=_short(up), col=1)
    drawing.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": {"title": metric}})
    title = f"{metric}{reading(run, metric)}, over {_short(across)} and {_short(up)}"
    return Figure("heat_map", title, f"Colour is {metric}: {meaning(run, metric).rstrip('.')}.", dress(drawing))


def maps(run: Run) -> bool:
    """Whether the run is such a map."""
    metric, axes = run.heading["headline"], _axes(run)
    if metric not in run.summary or len(axes) < 2 or len(run.swept) > 3:
        return False
    return len(run.summary.dropna(subset=[*axes[:2], metric])) >= LEAST_CELLS


def _axes(run: Run) -> list[str]:
    """The swept numbers, those with the most values first."""
    numeric = [name for name in run.swept if "." in name and pd.api.types.is_numeric_dtype(run.summary[name])]
    counts = {name: run.summary[name].nunique() for name in numeric}
    return sorted((name for name in numeric if counts[name] >= 3), key=lambda name: -counts[name])


def _short(column: str) -> str:
    return column.rsplit(".", 1)[-1]


def _title(column: str, value: float | str) -> str:
    return f"{_short(column)} = {value:g}" if isinstance(value, float | int | np.number) else str(value)
