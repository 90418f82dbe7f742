"""Every case of every claim that has a closed form: predicted against measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from analysis.claims import cases
from analysis.excerpt import thinned
from analysis.figures.style import COLOURS, PREDICTED, Figure, dress, variants

if TYPE_CHECKING:
    from analysis.run import Run

MOST_POINTS = 2000  # drawn; the tables hold all
ELSEWHERE = ("residual_update", "local_elasticity")  # have figures of their own


def predicted_against_measured(run: Run) -> Figure | None:
    """A point a case; needs a claim with a closed form and cases that differ, and no figure of its own for those."""
    drawing, kinds = go.Figure(), variants(run)
    low, high = float("inf"), float("-inf")
    claims = [claim for claim in run.heading["claim"] if isinstance(claim["predicted"], str)]
    claims = [claim for claim in claims if claim["metric"] not in ELSEWHERE]
    named = len(kinds.colours) <= len(COLOURS)
    alone = len({claim["metric"] for claim in claims}) == 1
    for claim in claims:
        rows = cases(run, claim)
        if len(rows) < 3:
            continue
        rows = rows.iloc[thinned(len(rows), MOST_POINTS)]
        low = min(low, rows[["predicted", "measured"]].min().min())
        high = max(high, rows[["predicted", "measured"]].max().max())
        colours = rows["point"].map(kinds.colour_of.__getitem__)
        for _, own in rows.groupby(colours if named else colours % len(COLOURS)):
            first = int(own["point"].iloc[0])
            drawing.add_scatter(
                x=own["predicted"], y=own["measured"], mode="markers",
                name=kinds.name(first) if alone else f"{claim['metric']}, {kinds.name(first)}",
                marker={"size": 6, "opacity": 0.7, "color": kinds.colour(first)},
                customdata=[run.labels[int(point)] for point in own["point"]],
                hovertemplate="%{customdata}: predicted %{x:.6g}, measured %{y:.6g}<extra></extra>",
                showlegend=named,
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
