"""What the optimizer still does when there is no gradient left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from analysis.claims import cases
from analysis.figures.style import Figure, dress, variants

if TYPE_CHECKING:
    from analysis.run import Run


def residuals(run: Run) -> Figure | None:
    """Measured residual updates as points, their closed form as a line; needs a claim about `residual_update`."""
    drawing, kinds = go.Figure(), variants(run)
    for claim in run.heading["claim"]:
        if claim["metric"] != "residual_update":
            continue
        found = cases(run, claim)
        for point, rows in found.groupby("point") if len(found) else ():
            mean = rows.groupby("j")[["measured", "predicted"]].mean()
            colour, name = kinds.colour(int(point)), run.labels[int(point)]
            symbol = ("circle", "diamond", "square", "cross")[kinds.panel_of[int(point)] % 4]
            drawing.add_scatter(
                x=mean.index, y=mean["predicted"], mode="lines", legendgroup=name, showlegend=False,
                line={"color": colour, "width": 1.5}, hovertemplate="predicted %{y:.4f} at update %{x}<extra></extra>",
            )  # fmt: skip
            drawing.add_scatter(
                x=mean.index, y=mean["measured"], mode="markers", name=name, legendgroup=name,
                marker={"color": colour, "size": 7, "symbol": symbol},
                hovertemplate="measured %{y:.4f} at update %{x}",
            )  # fmt: skip
    if not drawing.data:
        return None
    drawing.update_xaxes(title_text="updates since the last gradient")
    drawing.update_yaxes(title_text="update size (last one with a gradient = 1)", rangemode="tozero")
    reading = "Points are measured, lines are predicted: the updates that an optimizer makes on a gradient of zero."
    return Figure("residuals", "What is left of the updates when there is no gradient", reading, dress(drawing))
