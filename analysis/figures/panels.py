"""Small panels with a title each, two abreast, which a phone shows as well as a screen."""

from __future__ import annotations

from math import ceil

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .style import TITLE, TOP, count_ticks, dress, wrapped

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
