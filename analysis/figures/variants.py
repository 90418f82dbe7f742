"""Which colour and which panel a variant has: the same colour in every figure of a page."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..run import Run
from .style import COLOURS, MAX_PANELS, TITLE, TOP, count_ticks, dress, named, plain, wrapped


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
        """What has its colour, as a drawing takes it."""
        return plain(self.colours[self.colour_of[point]])

    def drawn(self) -> list[int]:
        """The points that fit: those of the first colours and panels."""
        pairs = enumerate(zip(self.colour_of, self.panel_of, strict=True))
        return [point for point, (colour, panel) in pairs if colour < len(COLOURS) and panel < MAX_PANELS]

    def first(self, most: int, among: list[int] | None = None) -> list[int]:
        """So many points for a panel each: all colours of one panel before those of the next; in the run's order."""
        points = range(len(self.colour_of)) if among is None else among
        return sorted(sorted(points, key=lambda point: (self.panel_of[point], self.colour_of[point]))[:most])


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


ABREAST = 2
LINE = 18  # characters of a title's line, which fit above half a phone
GAP = 24  # pixels between rows, without titles
FOOT = 110  # pixels below all panels: ticks, the axis' title, a legend


def grid(titles: list[str], height: int = 170) -> go.Figure:
    """Empty panels on common axes; `height` in pixels is that of one. Fill `cell(index)`, then `finish`."""
    columns = min(ABREAST, len(titles))
    rows = ceil(len(titles) / columns)
    texts = [wrapped(title, LINE) for title in titles]
    head = TITLE * max(text.count("<br>") + 1 for text in texts)
    whole = rows * height + (rows - 1) * (GAP + head)
    drawing = make_subplots(
        rows=rows, cols=columns, shared_xaxes="all", shared_yaxes="all", horizontal_spacing=0.06,
        vertical_spacing=(GAP + head) / whole if rows > 1 else 0.0, subplot_titles=texts,
        specs=[[{} if row * columns + column < len(titles) else None for column in range(columns)]
               for row in range(rows)],
    )  # fmt: skip
    drawing.update_annotations(font_size=12)
    return drawing.update_layout(height=TOP + whole + FOOT)


def cell(index: int, count: int) -> dict[str, int]:
    """Where the panel with this index is."""
    columns = min(ABREAST, count)
    return {"row": index // columns + 1, "col": index % columns + 1}


def finish(drawing: go.Figure, count: int, across: str, up: str) -> go.Figure:
    """The common look, with the axes' titles at the left and below the lowest panel of each column.

    `across` is counted.
    """
    most = max((int(max(trace.x)) for trace in drawing.data if len(trace.x)), default=0)
    drawing.update_xaxes(count_ticks(most))
    columns = min(ABREAST, count)
    for index in range(count):
        where = cell(index, count)
        if index + columns >= count:
            drawing.update_xaxes(title_text=across, showticklabels=True, **where)
        if where["col"] == 1:
            drawing.update_yaxes(title_text=up, **where)
    return dress(drawing, height=drawing.layout.height)
