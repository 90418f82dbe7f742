"""How far an update follows the reward's scale, over that scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..excerpt import thinned
from ..quantities.base import scale_axis
from ..quantities.elasticities import local_elasticity
from ..run import Run
from .predicted import predicted_cases
from .style import COLOURS, SYMBOLS, Figure, add_closed_form, dress, labelled, more_variants, named, plain

MAX_CURVES = 24
READING = (
    "Points are the measured slopes d ln ‖Δθ‖ / d ln scale of the very first update between neighbouring scales, thin "
    "lines their closed form: 1 is an update in proportion to the rewards, 0 one that ignores their scale."
)


def elasticity(run: Run) -> Figure | None:
    """Measured slopes as points, their closed form as a line; needs a claim about `local_elasticity`."""
    found = predicted_cases(run, "local_elasticity")
    if not found:
        return None
    axis = scale_axis(run.swept)
    scales = local_elasticity(run).groupby("point")["scale"].first()
    rows = pd.concat(found).drop_duplicates("point")
    names = [_others(run, int(point), axis) for point in rows["point"]]
    rows = rows.assign(scale=rows["point"].map(scales), name=names).sort_values("scale", kind="stable")
    data = labelled(run, rows[["point", "scale", "measured", "low", "high", "predicted"]])
    drawing = go.Figure()
    groups = list(rows.groupby("name", sort=False))
    drawn = [groups[index] for index in thinned(len(groups), MAX_CURVES)]
    for index, (text, own) in enumerate(drawn):
        name = plain(text)
        drawing.add_scatter(
            x=own["scale"], y=own["measured"], mode="markers", name=name, legendgroup=name,
            marker={"color": COLOURS[index % len(COLOURS)], "size": 7, "symbol": SYMBOLS[index % len(SYMBOLS)]},
            showlegend=bool(name),
            hovertemplate="measured %{y:.4g} at a scale of %{x:.3g}",
        )  # fmt: skip
        says = "predicted %{y:.4g} at a scale of %{x:.3g}"
        add_closed_form(drawing, own["scale"], own["predicted"], name=name, legendgroup=name, hovertemplate=says)
    drawing.update_xaxes(title_text=plain(axis or ""), type="log", nticks=8)
    top, bottom = rows[["measured", "predicted"]].max(axis=None), rows[["measured", "predicted"]].min(axis=None)
    drawing.update_yaxes(title_text="scale elasticity", range=[min(bottom, 0.0) - 0.05, max(top, 1.0) + 0.05])
    reading = READING + more_variants(len(groups) - len(drawn), "tables")
    return Figure("elasticity", "How the first update follows the reward's scale", reading, dress(drawing), data=data)


def _others(run: Run, point: int, axis: str | None) -> str:
    values = run.values(point)
    return named((column, values.get(column, np.nan)) for column in run.swept if column != axis)
