"""How the size of an update follows the gradient's: every optimizer in one picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..figures.bundles import add_names, bundles, spread
from ..figures.style import COLOURS, Figure, add_closed_form, dress
from .brakes import Brakes

RANGE = (-0.12, 1.18)
ALIKE = 0.04  # slopes this close to each other everywhere are one bundle
FLAT = 0.1  # a curve that varies by less is the same at all scales
UPDATES = {"last": "update {updates}, the last one with a constant gradient", "first": "the very first update"}
READING = (
    "The slope d ln‖u‖ / d ln c at gradients of size c (every coordinate ±c): 1 is a step proportional to the "
    "gradient, 0 one that ignores its scale. Points are measured, thin lines are closed forms; curves that run "
    "together are named once, and have one colour. This is {update}."
)


def scaling_curves(brakes: Brakes, update: str) -> Figure | None:
    """The local scale elasticity over eight decades of gradient scale; None where there is none."""
    drawing = go.Figure()
    found = brakes.curve(f"elasticity of the {update} update")
    drawn = {name: rows for name, rows in found.items() if rows["measured"].notna().any()}
    if not drawn:
        return None
    measured = {name: rows["measured"].fillna(0.0).to_numpy() for name, rows in drawn.items()}
    groups = bundles(measured, lambda one, other: bool(np.any(np.abs(one - other) > ALIKE)))
    colours = {group[0]: COLOURS[index % len(COLOURS)] for index, group in enumerate(groups)}
    for group in groups:
        for name in group:
            _draw(drawing, name, drawn[name], colours[group[0]])
    scales = np.log10(next(iter(drawn.values()))["x"].to_numpy())
    _name_flat(drawing, [group for group in groups if np.ptp(measured[group[0]]) < FLAT], measured, colours, scales)
    _name_bent(drawing, [group for group in groups if np.ptp(measured[group[0]]) >= FLAT], measured, colours, scales)
    drawing.update_xaxes(title_text="gradient scale c", type="log", dtick=2, exponentformat="power")
    drawing.update_xaxes(range=[np.floor(scales[0]) - 0.1, np.ceil(scales[-1]) + 0.1])
    drawing.update_yaxes(title_text="scale elasticity of the update", range=RANGE)
    title = "How updates follow the gradient's scale" if update == "last" else "The same for the first update"
    reading = READING.format(update=UPDATES[update].format(**brakes.facts))
    dress(drawing, height=480).update_layout(margin={"r": 235}, showlegend=False)
    data = brakes.points(f"elasticity of the {update} update")
    return Figure(f"scaling_{update}", title, reading, drawing, data=data)


def _draw(drawing: go.Figure, name: str, rows: pd.DataFrame, colour: str) -> None:
    predicted = rows["predicted"].notna().all()
    if predicted:
        add_closed_form(drawing, rows["x"], rows["predicted"], width=0.8, hoverinfo="skip")
    drawing.add_scatter(
        x=rows["x"], y=rows["measured"], mode="markers" if predicted else "lines+markers", name=name,
        marker={"color": colour, "size": 5}, line={"color": colour, "width": 1, "dash": "dot"},
        hovertemplate=f"{name}: %{{y:.3f}} at c = %{{x:.2g}}<extra></extra>",
    )  # fmt: skip


def _name_flat(drawing: go.Figure, groups: list, curves: dict, colours: dict, scales: np.ndarray) -> None:
    """Names on the right of the curves that are the same at all scales."""
    heights = [curves[group[0]][-1] for group in groups]
    for group, height, own in zip(groups, spread(heights, 0.06), heights, strict=True):
        where = {"x": scales[-1], "y": own, "ax": 24, "ayref": "y", "ay": height, "xanchor": "left"}
        add_names(drawing, group, colours[group[0]], where)


def _name_bent(drawing: go.Figure, groups: list, curves: dict, colours: dict, scales: np.ndarray) -> None:
    """Names beside the curves that change, one above the other; those that change last have the highest."""
    bends = []
    for group in groups:
        curve = np.clip(curves[group[0]], *RANGE)
        middle = (curve.min() + curve.max()) / 2
        at = int(np.argmax(np.diff(np.sign(curve - middle)) != 0))
        share = (middle - curve[at]) / (curve[at + 1] - curve[at])
        bends.append((scales[at] + share * (scales[at + 1] - scales[at]), middle, group))
    bends.sort(key=lambda bend: bend[0])
    for (x, y, group), height in zip(bends, np.linspace(0.12, 0.92, max(len(bends), 2)), strict=False):
        where = {"x": x, "y": y, "axref": "x", "ax": max(x + 0.3, bends[-1][0] + 0.6), "ayref": "y", "ay": height}
        add_names(drawing, group, colours[group[0]], {**where, "xanchor": "left"})
