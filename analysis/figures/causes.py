"""What brought the ratios beyond the bound, cause by cause."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..run import Run
from .style import MARK, Figure, dress, labelled, more_variants, wrapped

MAX_BARS = 24
# column -> name, colour. `drift/coasted` is divided where `drift/earlier` is known.
CAUSES = {
    "drift/crossing": ("the step across the bound", "#97a1b0"),
    "drift/coupled": ("coupling: other tokens' gradients", "#1578b8"),
    "drift/coasted": ("memory of this rollout's gradients", "#d9601a"),
    "drift/earlier": ("memory of earlier rollouts", "#eda677"),
    "drift/decayed": ("weight decay", "#8a63c4"),
    "drift/curved": ("beyond the first order", "#5f6b7a"),
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
    data, hidden, rows = _data(run, rows), len(rows) - MAX_BARS, rows.head(MAX_BARS).iloc[::-1]
    rows, drawing = rows.assign(label=rows["label"].map(wrapped)), go.Figure()
    for column, (name, colour) in CAUSES.items():
        brought = sizes(rows, column)
        if brought is not None and brought.abs().max() > 1e-3 * rows["drift/excess_mean"].max():
            drawing.add_bar(
                x=brought, y=rows["label"], orientation="h", name=name, marker={"color": colour},
                hovertemplate=f"{name}: %{{x:.4g}}<extra></extra>",
            )  # fmt: skip
    _draw_ends(drawing, rows, "drift/excess_mean", "all together", "circle")
    has_twin = "twin/drift/excess_mean" in rows
    if has_twin:
        _draw_ends(drawing, rows, "twin/drift/excess_mean", "the memoryless twin", "diamond")
    drawing.update_layout(barmode="relative", bargap=0.35)
    drawing.update_xaxes(title_text="mean excess, in log-ratio")
    drawing.update_yaxes(automargin=True)
    title = "What carried the ratios beyond the bound"
    reading = READING + TWIN * has_twin + more_variants(hidden, "tables")
    return Figure("causes", title, reading, dress(drawing, height=170 + 38 * len(rows)), data=data)


def _data(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """The bars and marks of all variants, under the names of their metrics."""
    ends = [name for name in ("drift/excess_mean", "twin/drift/excess_mean") if name in rows]
    parts = {column: sizes(rows, column) for column in CAUSES if column in rows}
    return labelled(run, rows[["point", *ends]].assign(**parts))


def sizes(rows: pd.DataFrame, column: str) -> pd.Series | None:
    """What a cause brought, without what is drawn as another one; None where it is not recorded."""
    if column not in rows:
        return None
    earlier = rows["drift/earlier"].fillna(0.0) if "drift/earlier" in rows and column == "drift/coasted" else 0.0
    return rows[column].fillna(0.0) - earlier


def _draw_ends(drawing: go.Figure, rows: pd.DataFrame, column: str, name: str, symbol: str) -> None:
    drawing.add_scatter(
        x=rows[column], y=rows["label"], mode="markers", name=name,
        marker={"symbol": symbol, "size": 10, **MARK},
        hovertemplate=f"{name}: %{{x:.4g}}<extra></extra>",
    )  # fmt: skip
