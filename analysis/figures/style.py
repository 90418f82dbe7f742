"""How all figures look: colours, text, size."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from ..run import Run, short

# Okabe and Ito's, which colour-blind readers tell apart, a little nearer to the middle: ink for white and dark paper.
COLOURS = ("#1578b8", "#d9601a", "#10976f", "#c46a9e", "#cf8f0a", "#45a8dd", "#8a63c4", "#966152")
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up", "star", "hourglass")
BAND = "rgba(125, 135, 155, 0.18)"
BOUND = "#808a99"  # lines at clip bounds
PREDICTED = "#7b8696"
# A mark on bars and cells of any colour, on white and dark paper: dark, with a light rim.
MARK = {"color": "#1f2733", "line": {"color": "#eef1f5", "width": 1.5}}
MAX_PANELS = 4
PANEL = 170  # pixels that one of several needs at least
LOG_SPAN = 20.0  # an axis whose largest value is so many times its smallest is drawn in logarithms
LINE = 26  # characters of a category's label before it is broken
ENTRY, TITLE = 19, 15  # pixels of a legend's line, and of a panel's title's
MAX_TICKS = 8  # of a count, so many have a tick each
TOP = 46  # pixels above panels whose titles have one line


@dataclass(frozen=True)
class Figure:
    """A drawing, what it shows, and the sentence that says how to read it; `least_width` in pixels.

    `data` is what it is drawn from, whole where the drawing is thinned: a page's reader can take it away. A column a
    quantity, `label` the variant.
    """

    name: str
    title: str
    reading: str
    drawing: go.Figure
    least_width: int = 0
    data: pd.DataFrame | None = None


def labelled(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the label of each one's point in front."""
    labels = pd.Series(run.labels, name="label").reindex(rows["point"])
    return pd.concat([labels.reset_index(drop=True), rows.reset_index(drop=True)], axis=1)


def more_variants(count: int, where: str = "data") -> str:
    """The sentence about so many variants that are not drawn; empty where there are none."""
    return f" {count:,} more variants are in the {where}." if count > 0 else ""


def named(values: Iterable[tuple[str, Any]]) -> str:
    """Swept columns with their values: 'adamw, b1 = 0.9'; what a variant does not have is left out."""
    parts = []
    for column, value in values:
        if not pd.isna(value):
            parts.append(f"{column.rsplit('.', 1)[-1]} = {short(value)}" if "." in column else short(value))
    return ", ".join(parts)


def plain(text: str) -> str:
    """Text of a scenario as a drawing takes it: plotly reads markup in labels, and %{…} in what a pointer shows."""
    return escape(text, quote=False).replace("%{", "%&#123;")


def wrapped(label: str, line: int = LINE) -> str:
    """A long label, as a drawing takes it, broken between its parts: 'clip_low = 0.1,<br>bias = [-2, 0, 0, 0]'."""
    lines: list[str] = []
    parts = re.split(r"(?<=,) (?=[^\W\d])", label)
    for piece in chain.from_iterable(textwrap.wrap(part, line) for part in parts):
        if lines and len(lines[-1]) + 1 + len(piece) <= line:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return "<br>".join(plain(text) for text in lines)


def dress(drawing: go.Figure, height: int = 420) -> go.Figure:
    """The look that all figures share, `height` in pixels: more where panels' titles have several lines, and where

    there is a long legend, which takes a line per entry on a phone.
    """
    entries = sum(trace.showlegend is not False and trace.name is not None for trace in drawing.data)
    legend = 0 if drawing.layout.showlegend is False else ENTRY * max(entries - 3, 0)
    titles = [title.text for title in drawing.layout.annotations if title.yref == "paper"]
    more = TITLE * max((title.count("<br>") for title in titles), default=0)
    drawing.update_layout(
        template="plotly_white",
        height=height + legend + more,
        margin={"l": 60, "r": 20, "t": TOP + more, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        hovermode="closest",
    )
    drawing.update_traces(marker_line_width=0, selector={"type": "bar"})  # which the template draws in white
    drawing.update_xaxes(automargin=True, title_font_size=13, exponentformat="power")
    drawing.update_yaxes(automargin=True, title_font_size=13, exponentformat="power")
    return drawing


def count_ticks(most: int) -> dict[str, Any]:
    """The ticks of an axis that counts to so many: at whole numbers."""
    return {"dtick": 1} if most <= MAX_TICKS else {"tickformat": "d"}


def faded(colour: str, opacity: float) -> str:
    """A hex colour as rgba."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def add_closed_form(drawing: go.Figure, across: Any, up: Any, width: float = 1.2, **more: Any) -> None:
    """Draw what is predicted as a thin line, which has no entry in the legend."""
    drawing.add_scatter(
        x=across, y=up, mode="lines", line={"color": PREDICTED, "width": width}, showlegend=False, **more
    )


def add_identity(drawing: go.Figure, across: pd.Series, up: pd.Series) -> None:
    """Draw the line on which what is predicted and what is measured are equal, under the points."""
    ends = [float(min(across.min(), up.min())), float(max(across.max(), up.max()))]
    drawing.add_scatter(
        x=ends, y=ends, mode="lines", name="equal", line={"color": PREDICTED, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )  # fmt: skip
    drawing.data = (drawing.data[-1], *drawing.data[:-1])  # under the points
