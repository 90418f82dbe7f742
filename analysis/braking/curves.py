"""What is left of the updates after the last gradient: every optimizer in one picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..figures.bundles import add_names, bundles, spread
from ..figures.style import Figure, add_closed_form, dress
from .brakes import Brakes

COLOURS = {"stops at once": "#2a9d5c", "coasts": "#3366cc", "does not stop": "#dd5f32", "not finite": "#6b7280"}
DRAWN = 80  # updates
FLOOR, CEILING = 1e-3, 1e3
ALIKE = 1.7  # residuals within this factor of each other down to a hundredth are one bundle
READING = (
    "Points are measured, thin lines are closed forms, over the updates without a gradient; the last update with one "
    "is 1. Curves that run together are named once. Green stops at once, blue coasts, orange does not stop. {start}"
)
STARTS = {
    "steady": "The gradient had been constant for {updates} updates.",
    "cold": "The optimizer was new: {cold} updates, those of one rollout, came before.",
}


def residual_curves(brakes: Brakes, start: str) -> Figure | None:
    """C_j over j on constant gradients, on a log scale; None where nothing is finite."""
    drawing, ends = go.Figure(), {}
    kinds = dict(_behaviours(brakes, start))
    for name, rows in brakes.curve(f"residual, {start}, constant").items():
        if kinds[name] != "not finite":
            ends[name] = _draw(drawing, name, kinds[name], rows[rows["x"] <= DRAWN])
    if not ends:
        return None
    _name_bundles(drawing, ends, kinds)
    top = min(CEILING, 2.0 * max(curve.max() for curve in ends.values()))
    drawing.update_xaxes(title_text="updates since the last gradient", range=[0, min(DRAWN, brakes.facts["horizon"])])
    drawing.update_yaxes(title_text="size of the update", type="log", dtick=1, range=np.log10([FLOOR, top]))
    title = "What is left of the updates" if start == "steady" else "The same after a cold start"
    reading = READING.format(start=STARTS[start].format(**brakes.facts))
    dress(drawing, height=560).update_layout(margin={"r": 235}, legend={"itemsizing": "constant"})
    return Figure(f"residuals_{start}", title, reading, drawing, data=brakes.points(f"residual, {start}, constant"))


def _draw(drawing: go.Figure, name: str, kind: str, rows: pd.DataFrame) -> np.ndarray:
    """One optimizer's curve, which begins at 1 and goes no deeper than just below the floor; returns it."""
    x, curve = [0, *rows["x"]], np.maximum([1.0, *rows["measured"]], FLOOR / 2)
    known = {trace.name for trace in drawing.data}
    if rows["predicted"].notna().all():
        predicted = np.maximum([1.0, *rows["predicted"]], FLOOR / 2)
        add_closed_form(drawing, x, predicted, width=0.8, legendgroup=kind, hoverinfo="skip")
    sudden = curve[2] < FLOOR  # two points would not show
    drawing.add_scatter(
        x=x, y=curve, mode="lines+markers" if sudden else "markers", line={"color": COLOURS[kind], "width": 2.5},
        name=kind, legendgroup=kind, showlegend=kind not in known, marker={"color": COLOURS[kind], "size": 4},
        customdata=[1.0, *rows["measured"]],
        hovertemplate=f"{name}: %{{customdata:.4g}} at update %{{x}}<extra></extra>",
    )  # fmt: skip
    return curve


def _behaviours(brakes: Brakes, start: str) -> pd.Series:
    return brakes.ranking["behaviour" if start == "steady" else f"behaviour_{start}_constant"]


def _apart(one: np.ndarray, other: np.ndarray) -> bool:
    both = np.maximum(one, other) > 0.01
    return bool(np.any(np.abs(np.log(one[both] / other[both])) > np.log(ALIKE)))


def _name_bundles(drawing: go.Figure, curves: dict[str, np.ndarray], kinds: dict[str, str]) -> None:
    """Names beside the curves: at the right edge where they get there, else on the way down, where there is room."""
    groups, end = bundles(curves, _apart), len(next(iter(curves.values()))) - 1
    stays = [group for group in groups if curves[group[0]][-1] > FLOOR]
    heights = [np.log10(min(curves[group[0]][-1], CEILING)) for group in stays]
    for group, height, own in zip(stays, spread(heights, 0.2), heights, strict=True):
        where = {"x": end, "y": own, "ax": 12, "ayref": "y", "ay": height, "xanchor": "left"}
        add_names(drawing, group, COLOURS[kinds[group[0]]], where)
    falls = sorted(
        (group for group in groups if group not in stays), key=lambda group: _reaches(curves[group[0]], FLOOR)
    )
    levels = np.linspace(-2.75, -1.4, max(len(falls), 2))
    for group, level in zip(falls, levels, strict=False):
        own = [_reaches(curves[name], 10**level) for name in group]
        others = [_reaches(curves[other[0]], 10**level) for other in falls if other is not group]
        left = min(own) - max((at for at in others if at <= min(own)), default=0.0)
        right = min((at for at in others if at > min(own)), default=end) - max(own)
        side = {"x": max(own), "xanchor": "left", "ax": 10}
        if left > right:
            side = {"x": min(own), "xanchor": "right", "ax": -10}
        add_names(drawing, group, COLOURS[kinds[group[0]]], {"y": level, "ay": 0, **side})


def _reaches(curve: np.ndarray, level: float) -> float:
    """Where a curve first comes down to a level, between its points; its end where it does not."""
    if curve.min() > level:
        return len(curve) - 1.0
    after = int(np.argmax(curve <= level))
    above, below = np.log(curve[after - 1 : after + 1])
    return after - 1 + (above - np.log(level)) / (above - below)
