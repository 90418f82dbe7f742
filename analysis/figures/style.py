"""How all figures look, and which colour a variant has: the same one in every figure of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from analysis.run import short

if TYPE_CHECKING:
    from analysis.run import Run

COLOURS = ("#3366cc", "#dd5f32", "#2a9d5c", "#8e44ad", "#c2952b", "#17a2b8", "#d6457f", "#6b7280")
BAND = "rgba(120, 130, 150, 0.16)"
PREDICTED = "#444444"
MOST_PANELS = 4
PANEL = 170  # pixels that one of several needs at least
LOG_SPAN = 20.0  # an axis whose largest value is so many times its smallest is drawn in logarithms
LINE = 26  # characters of a category's label before it is broken


@dataclass(frozen=True)
class Figure:
    """A drawing, what it shows, and the sentence that says how to read it; `least_width` in pixels.

    `data` is what it is drawn from, whole where the drawing is thinned: a page's reader can take it away.
    """

    name: str
    title: str
    reading: str
    drawing: go.Figure
    least_width: int = 0
    data: pd.DataFrame | None = None


@dataclass(frozen=True)
class Variants:
    """A run's points as colours and panels: `colour_of[point]` indexes `colours`, `panel_of[point]` `panels`."""

    colours: list[str]
    panels: list[str]
    colour_of: list[int]
    panel_of: list[int]

    def colour(self, point: int) -> str:
        return COLOURS[self.colour_of[point] % len(COLOURS)]

    def name(self, point: int) -> str:
        return self.colours[self.colour_of[point]]

    def drawn(self) -> list[int]:
        """The points that fit: those of the first colours and panels."""
        pairs = enumerate(zip(self.colour_of, self.panel_of, strict=True))
        return [point for point, (colour, panel) in pairs if colour < len(COLOURS) and panel < MOST_PANELS]


def variants(run: Run) -> Variants:
    """Colours are for the part with the most variants, compared ones before axes; the others make panels."""
    points = [run.values(point) for point in range(len(run.points))]
    families: dict[str, list[str]] = {}
    for column in run.swept:
        families.setdefault(column.split(".")[0], []).append(column)
    texts = {family: [_text(point, columns) for point in points] for family, columns in families.items()}
    leading = max(texts, key=lambda family: (family in run.swept, len(set(texts[family]))), default=None)
    colour = texts[leading] if leading else [run.manifest["name"]] * len(points)
    rest = [[texts[family][index] for family in texts if family != leading] for index in range(len(points))]
    panel = [", ".join(filter(None, parts)) for parts in rest]
    colours, panels = _numbered(colour), _numbered(panel)
    return Variants([*colours], [*panels], [colours[text] for text in colour], [panels[text] for text in panel])


def _numbered(texts: list[str]) -> dict[str, int]:
    """Each text once, with its number."""
    return {text: number for number, text in enumerate(dict.fromkeys(texts))}


def _text(point: dict, columns: list[str]) -> str:
    return named((column, point.get(column)) for column in columns)


def named(values: Iterable[tuple[str, Any]]) -> str:
    """Swept columns with their values: 'adamw, b1 = 0.9'; what a variant does not have is left out."""
    parts = []
    for column, value in values:
        if not pd.isna(value):
            parts.append(f"{column.rsplit('.', 1)[-1]} = {short(value)}" if "." in column else short(value))
    return ", ".join(parts)


def wrapped(label: str) -> str:
    """A long label on several lines, broken between its parts: 'clip_low = 0.1,<br>bias = [-2, 0, 0, 0]'."""
    lines: list[str] = []
    for part in re.split(r"(?<=,) (?=[^\W\d])", label):
        if lines and len(lines[-1]) + 1 + len(part) <= LINE:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return "<br>".join(lines)


def dress(drawing: go.Figure, height: int = 420) -> go.Figure:
    """The look that all figures share."""
    drawing.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 60, "r": 20, "t": 44, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        hovermode="closest",
    )
    return drawing


def faded(colour: str, opacity: float) -> str:
    """A hex colour as rgba."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"
