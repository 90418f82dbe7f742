"""A line with a ribbon: a mean over seeds and its interval."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from .style import faded


def add_course(
    drawing: go.Figure, rows: pd.DataFrame, over: str, metric: str, name: str, colour: str, dash: str, legend: bool,
    where: dict[str, int],
) -> None:  # fmt: skip
    """`metric` of the rows over the column `over`, with `…:low` to `…:high` as a ribbon where seeds differ.

    `name` is text as a drawing takes it.
    """
    spread = rows.dropna(subset=[f"{metric}:low", f"{metric}:high"])
    if len(spread):
        drawing.add_scatter(
            x=[*spread[over], *spread[over][::-1]], y=[*spread[f"{metric}:high"], *spread[f"{metric}:low"][::-1]],
            mode="lines", line={"width": 0}, fill="toself", fillcolor=faded(colour, 0.22), hoverinfo="skip",
            legendgroup=name, showlegend=False, **where,
        )  # fmt: skip
    drawing.add_scatter(
        x=rows[over], y=rows[metric], mode="lines", name=name, legendgroup=name, showlegend=legend,
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate=f"{name}, {over} %{{x}}: %{{y:.4g}}<extra></extra>", **where,
    )  # fmt: skip
