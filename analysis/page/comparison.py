"""A comparison as a page: the table, and for each column its means beside each other."""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

from ..comparing import Comparison, ComparisonError, compare, formats
from ..comparing.cells import difference, mean, names
from ..figures.style import COLOURS, PREDICTED, Figure, dress, wrapped
from ..run import Run
from . import figure_block, html_table
from . import page as whole_page

MAX_DOTS = 60
MAX_ROWS = 100  # the others unfold
MAX_VARIANTS = 24  # of a larger sweep no single variant is what the others are compared with


def page(comparison: Comparison) -> str:
    """The whole page as text; everything in it that comes from scenarios is escaped."""
    figures = [figure_block(drawn) for name in comparison.columns if (drawn := dots(comparison, name)) is not None]
    return whole_page(f"Comparison with {comparison.baseline}", "\n".join([table(comparison), *figures]))


FORMATS = {**formats.FORMATS, "html": page}


def table(comparison: Comparison) -> str:
    """The table, what its columns are and what to know about it, as HTML."""
    columns = {name: comparison.of(name) for name in comparison.columns}
    rows = []
    for label, shown in zip(comparison.variants, names(comparison), strict=True):
        cells = [columns[name].loc[label] for name in comparison.columns]
        name = f"<span style='display: inline-block; min-width: 11em'>{escape(shown)}</span>"
        rows.append([name, *(_cell(row, label == comparison.baseline) for row in cells)])
    legends = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in comparison.legends.items())
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in comparison.notes)
    return f"{html_table(['variant', *comparison.columns], rows, MAX_ROWS)}<dl>{legends}</dl>{notes}"


def compared(run: Run) -> str:
    """The variants of a run as that table; nothing for a single variant, a sweep, or where nothing can be compared."""
    if not 2 <= len(run.points) <= MAX_VARIANTS:
        return ""
    try:
        return table(compare(run))
    except ComparisonError:
        return ""


def _cell(row: pd.Series, is_baseline: bool) -> str:
    changed = "baseline" if is_baseline else difference(row)
    below = f"<br><small>{'' if is_baseline else 'Δ '}{escape(changed)}</small>" if changed else ""
    return escape(mean(row)) + below


def dots(comparison: Comparison, name: str) -> Figure | None:
    """The means of one column with their intervals, a dot a variant; None where there is nothing to draw."""
    rows = comparison.of(name).dropna(subset=["mean"])
    if rows.empty:
        return None
    drawn = rows.iloc[:MAX_DOTS].iloc[::-1]
    drawing = go.Figure()
    drawing.add_scatter(
        x=drawn["mean"],
        y=[wrapped(label) for label in drawn.index],
        error_x={
            "type": "data",
            "array": drawn["high"] - drawn["mean"],
            "thickness": 1.2,
            "width": 3,
            "color": PREDICTED,
        },
        mode="markers",
        marker={"size": 11, "color": [COLOURS[label != comparison.baseline] for label in drawn.index]},
        hovertemplate="%{y}: %{x:.5g}<extra></extra>",
    )
    drawing.update_xaxes(title_text=name)
    drawing.update_yaxes(automargin=True)
    rest = f" The first {MAX_DOTS} of {len(rows):,} variants are drawn." if len(rows) > MAX_DOTS else ""
    reading = f"{comparison.legends[name][:1].upper()}{comparison.legends[name][1:]}; bars are 95 % intervals.{rest}"
    return Figure(
        name=f"compare-{comparison.columns.index(name)}",
        title=name,
        reading=reading,
        drawing=dress(drawing, height=120 + 34 * len(drawn)),
        data=rows.reset_index(names="label"),
    )
