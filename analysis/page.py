"""What every page is made of: one self-contained HTML file, its style, its tables, its figures."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from plotly.offline import get_plotlyjs

if TYPE_CHECKING:
    from analysis.figures.style import Figure


def page(title: str, body: str) -> str:
    """The whole page as text; `body` is ready-made HTML, the title is not."""
    style = files("analysis").joinpath("report.css").read_text(encoding="utf-8")
    return (
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – Ratiodrift</title>\n<style>\n{style}</style>\n"
        f"<script>{get_plotlyjs()}</script>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def figure_block(figure: Figure, least_width: int = 0) -> str:
    """A figure under its title, with the sentence that says how to read it; narrower screens scroll to see it all."""
    plot = figure.drawing.to_html(
        full_html=False, include_plotlyjs=False, div_id=figure.name,
        config={"displaylogo": False, "responsive": True, "modeBarButtons": [["toImage", "resetScale2d"]]},
    )  # fmt: skip
    if least_width:
        plot = f"<div class=wide><div style='min-width: {least_width}px'>{plot}</div></div>"
    return f"<h2>{escape(figure.title)}</h2><figure>{plot}<figcaption>{escape(figure.reading)}</figcaption></figure>"


def html_table(names: list[str], rows: list[list[str]]) -> str:
    """A table whose cells are ready-made HTML; a row of one cell spans the table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "\n".join(_row(row, len(names)) for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"


def _row(cells: list[str], columns: int) -> str:
    if len(cells) == 1 < columns:
        return f"<tr><th colspan={columns}>{cells[0]}</th></tr>"
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
