"""The push on tokens that a whole group shares, against the covariance of weights and advantages."""

from __future__ import annotations

import plotly.graph_objects as go

from ..excerpt import thinned
from ..quantities.at_start import prefix_weight_at_start
from ..run import Run
from .style import COLOURS, SYMBOLS, Figure, add_identity, dress, labelled
from .variants import variants

MAX_POINTS = 1500  # drawn; the data have all
READING = (
    "Each point is one recorded rollout's first update: across, G times the covariance of the completions' token "
    "weights ω and advantages A, worked out from its completions; up, the push W on the prefix that they share, as the "
    "update found it. On the dashed line both are equal; at 0 nothing pushes."
)


def prefix_covariance(run: Run) -> Figure | None:
    """A point a recorded rollout, seed and variant; needs recorded ratios and a prefix that groups share."""
    if not supports(run):
        return None
    rows = prefix_weight_at_start(run)
    if rows.empty:
        return None
    kinds, drawing = variants(run), go.Figure()
    share = MAX_POINTS // min(rows["point"].nunique(), MAX_POINTS)
    named: set[str] = set()
    for point, own in rows.groupby("point"):
        own, name = own.iloc[thinned(len(own), share)], kinds.name(point)
        drawing.add_scatter(
            x=own["covariance"], y=own["measured"], mode="markers", name=name, legendgroup=name,
            showlegend=name not in named and len(kinds.colours) <= len(COLOURS),
            marker={"size": 7, "opacity": 0.75, "color": kinds.colour(point),
                    "symbol": SYMBOLS[kinds.colour_of[point] % len(SYMBOLS)]},
            customdata=own[["seed", "rollout"]],
            hovertemplate=f"{name}, seed %{{customdata[0]}}, rollout %{{customdata[1]}}: covariance %{{x:.4g}}, "
            "measured %{y:.4g}<extra></extra>",
        )  # fmt: skip
        named.add(name)
    add_identity(drawing, rows["covariance"], rows["measured"])
    drawing.update_xaxes(title_text="G · Cov(ω, A)")
    drawing.update_yaxes(title_text="push W on the prefix")
    data = labelled(run, rows[["point", "seed", "rollout", "covariance", "measured"]])
    title = "Unequal weights push on what a whole group shares"
    return Figure("prefix_covariance", title, READING, dress(drawing), data=data)


def supports(run: Run) -> bool:
    """Whether the run has what the figure draws."""
    return run.has_ratios and "prefix/weight" in run.metrics
