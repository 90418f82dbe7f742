"""Figures on a page: title, drawing, how to read it, and its data to take away."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING

from .taking import data_block

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..figures.style import Figure

DRAWING = "<script type=application/json class=drawn"  # report.js draws what it finds there
MARKUP = re.compile(r"<(?!/?(?:br|sup|sub|b|i|extra)>)")  # what our figures write plotly draws; any other tag is text


def figure_block(figure: Figure, least_width: int = 0) -> str:
    """A figure under its title, with the sentence that says how to read it; narrower screens scroll to see it all."""
    height = figure.drawing.layout.height or 420
    style = f"height: {height}px" + f"; min-width: {least_width}px" * bool(least_width)
    name, title = escape(figure.name), escape(figure.title)
    box = f"<div class=drawing id=plot-{name} style='{style}' role=img aria-label=\"{title}\"></div>"
    plot = (
        f"<div class=wide>{box}</div>"
        f"{DRAWING} data-for=plot-{name}>{drawn(figure.drawing)}</script>"
        "<noscript><p class=note>Drawing this figure takes JavaScript.</p></noscript>"
    )
    data = "" if figure.data is None else data_block(figure.name, figure.data)
    return (
        f"<div class=figure id=figure-{name}><h3>{title}</h3>\n<figure>{plot}"
        f"<figcaption>{escape(figure.reading)}</figcaption></figure>\n{data}</div>"
    )


def drawn(drawing: go.Figure) -> str:
    """A drawing as JSON that can stand in a script: labels may hold anything, and only the tags above are tags."""
    text = json.dumps(json.loads(drawing.to_json(validate=False)), ensure_ascii=False, separators=(",", ":"))
    return MARKUP.sub("&lt;", text).replace("<", "\\u003c")
