"""The ratios of a rollout, update by update, against the clip band."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..claims import cases
from ..run import Run
from ..text import number
from .bounds import bounds
from .predicted import claims_on
from .style import (
    BAND,
    MARK,
    MAX_PANELS,
    PANEL,
    PREDICTED,
    SYMBOLS,
    Figure,
    count_ticks,
    dress,
    faded,
    labelled,
    wrapped,
)
from .variants import variants

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NARROW = 20  # characters of a panel's title's line
RIBBONS = ((0.05, 0.95, 0.12), (0.25, 0.75, 0.2))  # from quantile, to quantile, opacity
READING = (
    "Each line is the median ratio of the tokens with a positive advantage in rollout {rollout}, its ribbons the "
    "5–95 % and 25–75 % ranges over tokens and seeds; dotted lines are the tokens with a negative advantage. Grey is "
    "the clip band, where all variants have the same; ✕ marks the last update that had any gradient (median over "
    "seeds): what moves after it is not the objective's doing."
)
PREDICTIONS = " A dashed line is the level that a claim predicts."


def ratio_fan(run: Run) -> Figure | None:
    """Quantiles over tokens and seeds in the first recorded rollout; needs recorded ratios and several updates."""
    if not run.has_ratios:
        return None
    ratios, kinds = run.stored_ratios, variants(run)
    rollout = ratios.least("rollout")
    columns = ["point", "update", "prompt", "advantage", "log_ratio"]
    tokens = ratios.read(columns, rollout=rollout, point=kinds.drawn())
    if tokens["update"].max() < 2:
        return None
    prompts = sorted(tokens["prompt"].unique())
    by_prompt = len(kinds.panels) == 1 and 2 <= len(prompts) <= MAX_PANELS  # where nothing else makes panels
    titles = [f"prompt {prompt}" for prompt in prompts] if by_prompt else kinds.panels[:MAX_PANELS]
    ends, fans = _last_gradients(run, kinds.drawn(), rollout), []
    drawing = make_subplots(
        cols=len(titles),
        shared_yaxes=True,
        subplot_titles=[wrapped(title, NARROW) for title in titles],
        horizontal_spacing=0.03,
    )
    for point in kinds.drawn():
        own = tokens[tokens["point"] == point]
        for panel in range(len(titles)) if by_prompt else [kinds.panel_of[point]]:
            here = own[own["prompt"] == prompts[panel]] if by_prompt else own
            style = {"name": kinds.name(point), "colour": kinds.colour(point), "showlegend": panel == 0}
            style["symbol"] = SYMBOLS[kinds.colour_of[point] % len(SYMBOLS)]
            for sign, draw in ((1, _draw_pushed_up), (-1, _draw_pushed_down)):
                lines = fan(here[np.sign(here["advantage"]) == sign])
                draw(drawing, lines, ends.get(point), style, {"row": 1, "col": panel + 1})
                prompt = {"prompt": prompts[panel]} if by_prompt else {}
                fans.append(_tidy(lines).assign(point=point, rollout=rollout, sign_of_advantage=sign, **prompt))
    for panel in range(len(titles)):
        points = [point for point in kinds.drawn() if by_prompt or kinds.panel_of[point] == panel]
        _draw_band(drawing, run, points, {"row": 1, "col": panel + 1})
    has_predictions = not by_prompt and _draw_predictions(drawing, run, kinds.panel_of, int(tokens["update"].max()))
    drawing.update_xaxes(title_text="update", **count_ticks(int(tokens["update"].max())))
    drawing.update_yaxes(title_text="ratio π / π_behavior", col=1)
    drawing.update_annotations(font_size=12)
    title = "The ratios of one rollout, update by update"
    width = PANEL * len(titles) if len(titles) > 1 else 0
    data = labelled(run, pd.concat(fans, ignore_index=True))
    reading = READING.format(rollout=rollout) + PREDICTIONS * has_predictions
    return Figure("ratio_fan", title, reading, dress(drawing, height=440), least_width=width, data=data)


def fan(tokens: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of the ratio, `update` × QUANTILES; update 0 is the rollout itself, where all ratios are 1."""
    if tokens.empty:
        return pd.DataFrame(columns=list(QUANTILES))
    quantiles = np.exp(tokens.groupby("update")["log_ratio"].quantile(list(QUANTILES)).unstack())
    return pd.concat([pd.DataFrame(1.0, index=[0], columns=list(QUANTILES)), quantiles])


def _tidy(lines: pd.DataFrame) -> pd.DataFrame:
    """The same with a column 'update', and the quantiles named as in tables."""
    names = {quantile: f"ratio/q{round(100 * quantile):02d}" for quantile in QUANTILES}
    return lines.rename(columns=names).rename_axis("update").reset_index()


def _last_gradients(run: Run, points: list[int], rollout: int) -> dict[int, int]:
    """By point the last update with a gradient, the median over seeds; none where the gradient lasted to the end."""
    updates = run.stored_updates.read(["point", "seed", "update", "grad/norm"], rollout=rollout, point=points)
    ends = updates.groupby("point")["update"].max()
    last = updates[updates["grad/norm"] > 0].groupby(["point", "seed"])["update"].max().groupby("point").median()
    return {point: int(last[point]) for point in last.index if last[point] < ends[point]}


def _draw_pushed_up(drawing: go.Figure, lines: pd.DataFrame, last: int | None, style: dict, cell: dict) -> None:
    if lines.empty:
        return
    updates, colour, name = list(lines.index), style["colour"], style["name"]
    for low, high, opacity in RIBBONS:
        drawing.add_scatter(
            x=updates + updates[::-1], y=[*lines[high], *lines[low][::-1]], mode="lines", line={"width": 0},
            fill="toself", fillcolor=faded(colour, opacity), hoverinfo="skip", legendgroup=name, showlegend=False,
            **cell,
        )  # fmt: skip
    drawing.add_scatter(
        x=updates, y=lines[0.5], mode="lines+markers", line={"color": colour, "width": 2.5}, name=name,
        marker={"symbol": style["symbol"], "size": 7, "maxdisplayed": 5}, legendgroup=name,
        showlegend=style["showlegend"], hovertemplate="A > 0, update %{x}: ratio %{y:.4f}", **cell,
    )  # fmt: skip
    if last is not None:
        drawing.add_scatter(
            x=[last], y=[lines.loc[last, 0.5]], mode="markers", name=name, legendgroup=name, showlegend=False,
            marker={"symbol": "x", "size": 10, "color": colour, "line": {"width": 1, "color": MARK["line"]["color"]}},  # type: ignore[index]
            hovertemplate="last gradient: update %{x} (median over seeds)", **cell,
        )  # fmt: skip


def _draw_pushed_down(drawing: go.Figure, lines: pd.DataFrame, _: int | None, style: dict, cell: dict) -> None:
    if not lines.empty:
        drawing.add_scatter(
            x=list(lines.index), y=lines[0.5], mode="lines", name=style["name"], legendgroup=style["name"],
            line={"color": style["colour"], "width": 1.2, "dash": "dot"}, showlegend=False,
            hovertemplate="A < 0, update %{x}: ratio %{y:.4f}", **cell,
        )  # fmt: skip


def _draw_band(drawing: go.Figure, run: Run, points: list[int], cell: dict) -> None:
    """The clip band, where all that is drawn in the panel has the same."""
    bands = {bounds(run, point) for point in points}
    if len(bands) == 1 and (band := bands.pop()):
        low, high = np.exp(band)
        drawing.add_hrect(y0=low, y1=high, fillcolor=BAND, line_width=0, layer="below", **cell)


def _draw_predictions(drawing: go.Figure, run: Run, panel_of: list[int], last: int) -> bool:
    """A dashed line over all updates wherever a claim predicts the largest ratio; says whether any does."""
    levels = {
        (panel_of[int(case["point"])], case["predicted"])
        for claim in claims_on(run, "ratio/max")
        if claim["relation"] == "equal"
        for _, case in cases(run, claim).iterrows()
    }
    levels = sorted((panel, level) for panel, level in levels if panel < MAX_PANELS)  # type: ignore[assignment]
    for panel, level in levels:
        drawing.add_scatter(
            x=[0, last], y=[level, level], mode="lines", name=f"predicted {number(level)}",
            line={"dash": "dash", "color": PREDICTED, "width": 1.5}, hoverinfo="skip", row=1, col=panel + 1,
        )  # fmt: skip
    return bool(levels)
