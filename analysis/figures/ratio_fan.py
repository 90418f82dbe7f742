"""The ratios of a rollout, update by update, against the clip band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.claims import cases
from analysis.figures.style import BAND, MOST_PANELS, PREDICTED, Figure, Variants, dress, faded, variants
from analysis.words import number

if TYPE_CHECKING:
    from analysis.load import Run

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def ratio_fan(run: Run) -> Figure | None:
    """Quantiles over tokens and seeds of the ratios in the first recorded rollout; needs recorded ratios."""
    if run.ratios is None:
        return None
    kinds, rollout = variants(run), int(run.ratios["rollout"].min())
    tokens = run.ratios[run.ratios["rollout"] == rollout]
    panels = kinds.panels[:MOST_PANELS]
    drawing = make_subplots(cols=len(panels), shared_yaxes=True, subplot_titles=panels, horizontal_spacing=0.03)
    for point in kinds.drawn():
        column = kinds.panel_of[point] + 1
        own = tokens[tokens["point"] == point]
        _fan(drawing, fan(own[own["advantage"] > 0]), point, kinds, column, pushed_up=True)
        _fan(drawing, fan(own[own["advantage"] < 0]), point, kinds, column, pushed_up=False)
        _mark_last_gradient(drawing, run, point, rollout, fan(own[own["advantage"] > 0]), kinds, column)
    for panel in range(len(panels)):
        first = kinds.panel_of.index(panel)
        _band(drawing, run, first, panel + 1)
    _predictions(drawing, run, kinds)
    drawing.update_xaxes(title_text="update within the rollout")
    drawing.update_yaxes(title_text="ratio π / π_behavior", col=1)
    reading = (
        f"Each line is the median ratio of the tokens with a positive advantage in rollout {rollout}, its ribbons the "
        "5–95 % and 25–75 % ranges over tokens and seeds; dotted lines are the tokens with a negative advantage. Grey "
        "is the clip band; ✕ marks the last update that had any gradient (median over seeds): what moves after it is "
        "not the objective's doing. A dashed line is the level that a claim predicts."
    )
    return Figure("ratio_fan", "The ratios of one rollout, update by update", reading, dress(drawing, height=480))


def fan(tokens: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of the ratio by update, `update` × QUANTILES; update 0 is the rollout itself, where all ratios are 1."""
    quantiles = np.exp(tokens.groupby("update")["log_ratio"].quantile(list(QUANTILES)).unstack())
    start = pd.DataFrame(1.0, index=[0], columns=list(QUANTILES))
    return pd.concat([start, quantiles]) if len(quantiles) else quantiles


def _fan(
    drawing: go.Figure, lines: pd.DataFrame, point: int, kinds: Variants, column: int, pushed_up: bool
) -> None:
    if lines.empty:
        return
    colour, name = kinds.colour(point), kinds.name(point)
    updates = list(lines.index)
    ribbons = ((0.05, 0.95, 0.12), (0.25, 0.75, 0.2)) if pushed_up else ()
    for low, high, opacity in ribbons:
        drawing.add_scatter(
            x=updates + updates[::-1],
            y=[*lines[high], *lines[low][::-1]],
            fill="toself",
            fillcolor=faded(colour, opacity),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
            row=1,
            col=column,
        )
    drawing.add_scatter(
        x=updates,
        y=lines[0.5],
        name=name,
        mode="lines",
        line={"color": colour, "width": 2.5 if pushed_up else 1.2, "dash": "solid" if pushed_up else "dot"},
        showlegend=pushed_up and kinds.panel_of[point] == 0,
        hovertemplate=f"{'A > 0' if pushed_up else 'A < 0'}, update %{{x}}: ratio %{{y:.4f}}",
        legendgroup=name,
        row=1,
        col=column,
    )


def _mark_last_gradient(
    drawing: go.Figure, run: Run, point: int, rollout: int, lines: pd.DataFrame, kinds: Variants, column: int
) -> None:
    updates = run.updates[(run.updates["point"] == point) & (run.updates["rollout"] == rollout)]
    last = updates[updates["grad/norm"] > 0].groupby("seed")["update"].max()
    if last.empty or lines.empty or last.median() >= updates["update"].max():
        return
    update = int(last.median())
    drawing.add_scatter(
        x=[update],
        y=[lines.loc[update, 0.5]],
        mode="markers",
        marker={"symbol": "x", "size": 10, "color": kinds.colour(point), "line": {"width": 1, "color": "white"}},
        name=kinds.name(point),
        legendgroup=kinds.name(point),
        showlegend=False,
        hovertemplate="last gradient: update %{x} (median over seeds)",
        row=1,
        col=column,
    )


def _band(drawing: go.Figure, run: Run, point: int, column: int) -> None:
    gate = run.experiment(point)["surrogate"]["gate"]
    if gate["kind"] == "clip":
        low, high = 1 - gate["clip_low"], 1 + gate["clip_high"]
        drawing.add_hrect(y0=low, y1=high, fillcolor=BAND, line_width=0, layer="below", row=1, col=column)


def _predictions(drawing: go.Figure, run: Run, kinds: Variants) -> None:
    """A dashed line wherever a claim predicts the largest ratio."""
    for claim in run.heading["claim"]:
        if claim["metric"] == "ratio/max" and claim["relation"] == "equal":
            for panel, level in {
                (kinds.panel_of[int(case["point"])], case["predicted"]) for _, case in cases(run, claim).iterrows()
            }:
                if panel < MOST_PANELS:
                    drawing.add_hline(
                        y=level,
                        line={"dash": "dash", "color": PREDICTED, "width": 1.5},
                        annotation={"text": f"predicted {number(level)}", "xanchor": "right"},
                        row=1,
                        col=panel + 1,
                    )
