"""What brought the ratios beyond the bound, cause by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.style import Figure, dress, wrapped

if TYPE_CHECKING:
    from analysis.run import Run

MOST_BARS = 24
# column -> name, colour. `drift/coasted` is divided where `drift/earlier` is known.
CAUSES = {
    "drift/crossing": ("the step across the bound", "#9ca3af"),
    "drift/coupled": ("coupling: other tokens' gradients", "#3366cc"),
    "drift/coasted": ("memory of this rollout's gradients", "#dd5f32"),
    "drift/earlier": ("memory of earlier rollouts", "#f0a58a"),
    "drift/decayed": ("weight decay", "#8e44ad"),
    "drift/curved": ("beyond the first order", "#d1d5db"),
}
READING = (
    "Each bar adds up to the mean log-ratio beyond the clip bound at a rollout's end (●), divided by what carried the "
    "tokens there, update by update."
)
TWIN = (
    " ◆ is where the memoryless twin ends, on the same random numbers: the distance to ● is what memory caused. It "
    "carries more than it causes, since without it other gradients would go part of the same way."
)


def causes(run: Run) -> Figure | None:
    """The excess divided into crossing, coupling, memory and decay; needs updates taken apart and an excess."""
    rows = run.summary
    if "drift/coasted" not in rows or "drift/excess_mean" not in rows or rows["drift/excess_mean"].max() <= 0:
        return None
    rows = rows.dropna(subset=["drift/excess_mean", "drift/coasted"])
    hidden, rows = max(len(rows) - MOST_BARS, 0), rows.head(MOST_BARS).iloc[::-1]
    rows, drawing = rows.assign(label=rows["label"].map(wrapped)), go.Figure()
    for column, (name, colour) in CAUSES.items():
        sizes = _sizes(rows, column)
        if sizes is not None and sizes.abs().max() > 1e-3 * rows["drift/excess_mean"].max():
            drawing.add_bar(
                x=sizes, y=rows["label"], orientation="h", name=name, marker={"color": colour},
                hovertemplate=f"{name}: %{{x:.4g}}<extra></extra>",
            )  # fmt: skip
    _draw_ends(drawing, rows, "drift/excess_mean", "all together", "circle")
    has_twin = "twin/drift/excess_mean" in rows
    if has_twin:
        _draw_ends(drawing, rows, "twin/drift/excess_mean", "the memoryless twin", "diamond")
    drawing.update_layout(barmode="relative", bargap=0.35)
    drawing.update_xaxes(title_text="mean excess")
    drawing.update_yaxes(automargin=True)
    title = "What carried the ratios beyond the bound"
    reading = READING + TWIN * has_twin + f" {hidden:,} more variants are in the tables." * (hidden > 0)
    return Figure("causes", title, reading, dress(drawing, height=200 + 34 * len(rows)))


def _sizes(rows: pd.DataFrame, column: str) -> pd.Series | None:
    if column not in rows:
        return None
    earlier = rows["drift/earlier"].fillna(0.0) if "drift/earlier" in rows and column == "drift/coasted" else 0.0
    return rows[column].fillna(0.0) - earlier


def _draw_ends(drawing: go.Figure, rows: pd.DataFrame, column: str, name: str, symbol: str) -> None:
    drawing.add_scatter(
        x=rows[column], y=rows["label"], mode="markers", name=name,
        marker={"symbol": symbol, "size": 10, "color": "#111827", "line": {"color": "white", "width": 1.5}},
        hovertemplate=f"{name}: %{{x:.4g}}<extra></extra>",
    )  # fmt: skip
