"""Every case of every claim that has a closed form: predicted against measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from analysis.claims import cases
from analysis.figures.style import PREDICTED, Figure, dress, variants

if TYPE_CHECKING:
    from analysis.run import Run

MOST_POINTS = 2000  # drawn; the tables hold all


def predicted_against_measured(run: Run) -> Figure | None:
    """A point a case; needs a claim with a closed form and cases that differ, and is left to `residuals` for those."""
    drawing, kinds = go.Figure(), variants(run)
    low, high = float("inf"), float("-inf")
    for claim in run.heading["claim"]:
        if not isinstance(claim["predicted"], str) or claim["metric"] == "residual_update":
            continue
        rows = cases(run, claim)
        if len(rows) < 3:
            continue
        rows = rows.iloc[:: -(-len(rows) // MOST_POINTS)]
        low = min(low, rows[["predicted", "measured"]].min().min())
        high = max(high, rows[["predicted", "measured"]].max().max())
        for point, own in rows.groupby("point"):
            drawing.add_scatter(
                x=own["predicted"], y=own["measured"], mode="markers",
                name=f"{claim['metric']}, {run.labels[int(point)]}",
                marker={"size": 6, "opacity": 0.7, "color": kinds.colour(int(point))},
                hovertemplate="predicted %{x:.6g}, measured %{y:.6g}",
            )  # fmt: skip
    if not drawing.data:
        return None
    drawing.add_scatter(
        x=[low, high], y=[low, high], mode="lines", name="equal", line={"color": PREDICTED, "dash": "dash", "width": 1}
    )
    drawing.update_xaxes(title_text="predicted")
    drawing.update_yaxes(title_text="measured")
    reading = "Each point is one case of a claim, worked out from its closed form (across) and measured (up)."
    return Figure("predicted", "Predicted and measured, case by case", reading, dress(drawing))
