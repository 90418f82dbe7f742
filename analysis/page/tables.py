"""Tables on a page: long ones fold, wide ones scroll inside themselves."""

from __future__ import annotations

from html import escape


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
