"""A run as users hold it: a notebook shows its question, answer, table and verdicts, and its figures are plotly's."""

from __future__ import annotations

from functools import cached_property, wraps
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from .comparing import Comparison
from .comparing import compare as compare_runs
from .run import Run, read_run
from .sentences import finding
from .text import bound, measured, with_interval

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from .figures.style import Figure

MAX_ROWS = 30
LINE = 110  # characters of a line below a title


class ShownRun(Run):
    """A run directory as `load` opens it: the frames of a Run, its figures, and what a notebook shows."""

    def _repr_html_(self) -> str:
        return html(self)

    @cached_property
    def figures(self) -> dict[str, go.Figure]:
        """The figures that the run's data support, by name, as they are in the report."""
        from .figures import ALL  # and with them plotly

        return {figure.name: titled(figure) for draw in ALL if (figure := draw(self)) is not None}


class ShownComparison(Comparison):
    """A comparison that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        from .page.comparison import table

        return table(self)


def load(directory: Path | str) -> ShownRun:
    """Open a run directory. Raise RunError where there is none, or one that this version cannot read."""
    return read_run(directory, ShownRun)


@wraps(compare_runs)
def compare(*runs_and_options: Any, **named: Any) -> ShownComparison:
    return ShownComparison(**vars(compare_runs(*runs_and_options, **named)))


def html(run: ShownRun) -> str:
    """The run in short, as HTML; its texts are escaped."""
    parts = [f"<h3>{escape(run.heading['title'])}</h3>", f"<p><em>{escape(run.heading['question'])}</em></p>"]
    if (run.directory / "summary.parquet").is_file():
        parts += [f"<p>{escape(finding(run))}</p>", results(run).to_html(index=False), verdicts(run)]
    parts.append(f"<p><code>{escape(str(run.directory))}</code>; <code>.figures</code>: {', '.join(run.figures)}</p>")
    return "\n".join(parts)


def results(run: Run) -> pd.DataFrame:
    """One row per point: what the scenario's tables show, with intervals, as text."""
    rows = run.summary.head(MAX_ROWS)
    texts = {
        name: [with_interval(mean, low) for mean, low in zip(rows[name], rows[f"{name}:low"], strict=True)]
        for name in run.columns
        if name in rows
    }
    return pd.DataFrame({"variant": rows["label"], **texts})


def verdicts(run: Run) -> str:
    """One row a claim, as HTML."""
    told = [
        {"claim": claim["says"], "predicted": bound(claim), "measured": measured(claim), "verdict": claim["verdict"]}
        for claim in run.verdicts
    ]
    return pd.DataFrame(told).to_html(index=False) if told else ""


def titled(figure: Figure) -> go.Figure:
    """A figure of the report as one that stands for itself: its title above it, what says how to read it below that."""
    import plotly.graph_objects as go

    drawing = go.Figure(figure.drawing)
    top, height = drawing.layout.margin.t or 0, drawing.layout.height or 0
    title: dict[str, Any] = {
        "text": escape(figure.title),
        "subtitle": {"text": "<br>".join(wrap(escape(figure.reading), LINE))},
    }
    more = 40 + 18 * len(wrap(figure.reading, LINE))
    title |= {"x": 0.01, "xanchor": "left", "yref": "container", "y": 1 - 20 / (height + more), "yanchor": "top"}
    return drawing.update_layout(title=title, margin_t=top + more, height=height + more)
