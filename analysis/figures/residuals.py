"""What the optimizer still does when there is no gradient left."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..claims import cases
from ..excerpt import thinned
from ..run import Run
from .bundles import bundles, label
from .predicted import claims_on
from .style import COLOURS, LOG_SPAN, Figure, add_closed_form, dress, labelled, plain
from .variants import variants

DRAWN = 80  # updates
MAX_CURVES = 200  # of a claim, evenly picked from more
FLOOR = 1e-3  # of an axis in logarithms, on which zero has no place
ALIKE = 0.01  # curves this close to each other everywhere are one bundle, where there are more of them than colours
SYMBOLS = ("circle", "diamond", "square", "cross")
READING = (
    "Points are measured, thin lines are closed forms: the updates that an optimizer makes on a gradient of zero. The "
    "last update with a gradient, at 0, is 1."
)
HOVER = " The curves are too many for a legend: a pointer on one shows its name."


def residuals(run: Run) -> Figure | None:
    """Measured residual updates as points, their closed form as a line; needs a claim about `residual_update`."""
    curves = _curves(run)
    if not curves:
        return None
    drawing, shown = go.Figure(), pd.concat(curves.values())["measured"]
    in_logarithms = shown.max() > LOG_SPAN * max(shown.min(), FLOOR / 2)
    lowest = FLOOR / 2 if in_logarithms else -np.inf
    groups = _groups(run, curves)
    named = len(groups) <= len(COLOURS)
    for name, colour, symbol, points in groups:
        for point in points:
            rows = curves[point].clip(lower=lowest)
            sudden = in_logarithms and rows["measured"].iloc[1] < FLOOR  # two points would not show
            drawing.add_scatter(
                x=rows.index, y=rows["measured"], mode="lines+markers" if sudden else "markers", name=name,
                line={"color": colour, "width": 2.5}, legendgroup=name, showlegend=point == points[0],
                marker={"color": colour, "size": 5, "symbol": symbol},
                customdata=curves[point]["measured"],
                hovertemplate=f"{plain(run.labels[point])}: %{{customdata:.4g}} at update %{{x}}<extra></extra>",
            )  # fmt: skip
            add_closed_form(drawing, rows.index, rows["predicted"], legendgroup=name, hoverinfo="skip")
    drawing.update_xaxes(title_text="updates since the last gradient", rangemode="tozero")
    drawing.update_yaxes(title_text="size of the update", rangemode="tozero")
    if in_logarithms:
        drawing.update_yaxes(type="log", dtick=1, range=np.log10([FLOOR, 1.5 * shown.max()]))
    drawing.update_layout(legend={"itemsizing": "constant"}, showlegend=named)
    title = "What is left of the updates when there is no gradient"
    reading = READING + HOVER * (not named)
    return Figure("residuals", title, reading, dress(drawing, height=480), data=_data(run, curves))


def _data(run: Run, curves: dict[int, pd.DataFrame]) -> pd.DataFrame:
    rows = [rows.rename_axis("j").reset_index().assign(point=point) for point, rows in curves.items()]
    return labelled(run, pd.concat(rows, ignore_index=True)[["point", "j", "measured", "predicted"]])


def _curves(run: Run) -> dict[int, pd.DataFrame]:
    """Measured and predicted sizes over j, point by point, from the last update with a gradient on."""
    found: dict[int, pd.DataFrame] = {}
    start = pd.DataFrame({"measured": 1.0, "predicted": 1.0}, index=[0])
    for claim in claims_on(run, "residual_update"):
        if len(rows := cases(run, claim)):
            points = rows["point"].unique()
            drawn = points[thinned(len(points), MAX_CURVES)]
            for point, own in rows[(rows["j"] <= DRAWN) & rows["point"].isin(drawn)].groupby("point"):
                mean = own.groupby("j")[["measured", "predicted"]].mean()
                found.setdefault(int(point), pd.concat([start, mean]))
    return found


def _groups(run: Run, curves: dict[int, pd.DataFrame]) -> list[tuple[str, str, str, list[int]]]:
    """Name, colour, symbol and points: each point on its own, or bundles where there are more of them than colours."""
    kinds = variants(run)
    if len(curves) <= len(COLOURS):
        symbols = {point: SYMBOLS[kinds.panel_of[point] % len(SYMBOLS)] for point in curves}
        return [(plain(run.labels[point]), kinds.colour(point), symbols[point], [point]) for point in curves]
    names = {run.labels[point]: point for point in curves}
    bundled = bundles({name: curves[point]["measured"].to_numpy() for name, point in names.items()}, _apart)
    return [
        (_several(group), COLOURS[index % len(COLOURS)], SYMBOLS[0], [names[name] for name in group])
        for index, group in enumerate(bundled)
    ]


def _several(names: list[str]) -> str:
    return "<br>".join(map(plain, textwrap.wrap(label(names, room=66, between=" · "), 34)))


def _apart(one: np.ndarray, other: np.ndarray) -> bool:
    return len(one) != len(other) or bool(np.any(np.abs(one - other) > ALIKE))
