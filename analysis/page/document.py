"""One HTML file that opens by a double click and asks nothing of the network.

Everything that is not ready-made HTML is escaped where it enters. Should something slip through all the same, the
page's own policy is the second lock: the browser runs the page's two scripts, which the policy knows by their hashes,
and no other, and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from ..figures.style import Figure


def html_table(names: list[str], rows: list[list[str]], shown: int = 0) -> str:
    """A table whose cells are ready-made HTML; a row of one cell spans the table.

    Of more than `shown` rows (0: as many as there are) those in the middle unfold at the press of a button.
    """
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in names)
    body = "\n".join(_row(row, len(names)) for row in rows)
    folds = f" data-shown={shown}" if 0 < shown < len(rows) else ""
    table = f"<table{folds}><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f"<div class=wide tabindex=0>{table}</div>"


def _row(cells: list[str], columns: int) -> str:
    if len(cells) == 1 < columns:
        return f"<tr><th colspan={columns}>{cells[0]}</th></tr>"
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


MAX_BYTES = 2_000_000  # of compressed data that one figure may add to a page, about
PROBE = 20_000  # rows whose size tells that of all


def data_block(name: str, frame: pd.DataFrame) -> str:
    """A button that gives the frame as NAME.csv, and the frame.

    Of one that is too large rows drawn at random are there, in their order, and the caption says how many of how many.
    """
    kept, data = packed(frame)
    rows = f"{len(kept):,} row{'s' * (len(kept) != 1)}"
    if len(kept) < len(frame):
        rows = f"{len(kept):,} of {len(frame):,} rows, drawn at random; <code>ratiodrift export</code> writes all"
    return (
        f'<p class=take><button type=button data-takes="{escape(name)}" hidden>Data (CSV)</button> '
        f"<small>{rows}</small></p>"
        f'<script type="application/octet-stream;base64" id="data-{escape(name)}">{data}</script>'
    )


def packed(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """As many rows as there is room for, and their CSV: gzip, base64."""
    probe = _some(frame, PROBE)
    compressed = _compressed(probe)
    room = MAX_BYTES * len(probe) // len(compressed)
    kept = _some(frame, max(room, 1)) if len(frame) > len(probe) or room < len(probe) else probe
    if kept is not probe:
        compressed = _compressed(kept)
    return kept, base64.b64encode(compressed).decode()


def _some(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """Every row where there are no more; else so many at random: every so-manyth could be the same update of each."""
    if len(frame) <= most:
        return frame
    return frame.reset_index(drop=True).sample(most, random_state=0).sort_index()


def _compressed(frame: pd.DataFrame) -> bytes:
    return gzip.compress(frame.to_csv(index=False).encode(), mtime=0)


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


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading of its own; `html` is ready-made, the title is not, `name` is a word."""

    name: str
    title: str
    html: str


def page(title: str, body: str, sections: Sequence[Section] = (), name: str = "ratiodrift") -> str:
    """The whole page as text; `body` is ready-made HTML, the title is not.

    The sections that are not empty follow the body and are listed beside it. What is downloaded from the page has
    `name` in front of its name.
    """
    sections = [section for section in sections if section.html]
    body = "\n".join([body, *map(_section, sections)])
    scripts = [*[get_plotlyjs()] * (DRAWING in body), _shipped("report.js")]
    return (
        f'<!doctype html>\n<html lang=en data-name="{escape(name)}">\n<head>\n<meta charset=utf-8>\n'
        f'<meta http-equiv=Content-Security-Policy content="{_policy(scripts)}">\n'
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – Ratiodrift</title>\n<style>\n{_shipped('report.css')}</style>\n</head>\n<body>\n"
        "<header><span>Ratiodrift</span><button id=theme type=button hidden>dark</button></header>\n"
        f"{_contents(sections)}<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n"
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    return f"<section id={section.name}>\n<h2>{escape(section.title)}</h2>\n{section.html}\n</section>"


def _contents(sections: list[Section]) -> str:
    links = "".join(f"<a href='#{section.name}'>{escape(section.title)}</a>" for section in sections)
    return f"<nav aria-label='On this page'>{links}</nav>\n" if len(sections) > 1 else ""


def _shipped(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    """What the browser may do for this page: run these scripts, and show what they draw."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rest = "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {allowed}; {rest}"
