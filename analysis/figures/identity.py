"""The line on which what is predicted and what is measured are equal."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from .style import PREDICTED


def add_identity(drawing: go.Figure, across: pd.Series, up: pd.Series) -> None:
    """From the smallest to the largest of both."""
    ends = [float(min(across.min(), up.min())), float(max(across.max(), up.max()))]
    drawing.add_scatter(
        x=ends, y=ends, mode="lines", name="equal", line={"color": PREDICTED, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )  # fmt: skip
    drawing.data = (drawing.data[-1], *drawing.data[:-1])  # under the points
