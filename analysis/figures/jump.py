"""How updates answer when the reward's scale changes at once."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..excerpt import thinned
from ..run import Run
from .predicted import predicted_cases
from .style import COLOURS, SYMBOLS, Figure, add_closed_form, dress, labelled, more_variants, plain
from .variants import variants

MAX_UPDATES = 150
MAX_CURVES = 24
READING = (
    "Points are the measured sizes of the updates after the reward's scale jumped, in units of the last one before; "
    "lines are their closed form."
)


def jump(run: Run) -> Figure | None:
    """Measured sizes as points, their closed form as a line; needs a claim about `jump_response` that has one."""
    found = predicted_cases(run, "jump_response")
    if not found:
        return None
    rows = pd.concat(found).groupby(["point", "j"])[["measured", "predicted"]].mean().reset_index()
    drawing, kinds = go.Figure(), variants(run)
    points = kinds.first(MAX_CURVES, sorted(rows["point"].unique()))
    for index, point in enumerate(points):
        own = rows[rows["point"] == point]
        own, name = own.iloc[thinned(len(own), MAX_UPDATES)], plain(run.labels[point])
        drawing.add_scatter(
            x=own["j"], y=own["measured"], mode="markers", name=name, legendgroup=name, showlegend=len(points) > 1,
            marker={"color": COLOURS[index % len(COLOURS)], "size": 6, "symbol": SYMBOLS[index % len(SYMBOLS)]},
            hovertemplate=f"{name}, update %{{x}}: %{{y:.4g}}<extra></extra>",
        )  # fmt: skip
        add_closed_form(drawing, own["j"], own["predicted"], name=name, legendgroup=name, hoverinfo="skip")
    drawing.update_xaxes(title_text="updates since the jump")
    drawing.update_yaxes(title_text="size of the update", rangemode="tozero")
    reading = READING + more_variants(rows["point"].nunique() - len(points))
    title = "When the reward's scale changes at once"
    return Figure("jump", title, reading, dress(drawing), data=labelled(run, rows))
