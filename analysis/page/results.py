"""The table of a run: a row a variant, with what its columns mean, and the whole summary to take away."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..excerpt import excerpt
from ..run.run import LEARNING_RATE
from ..sentences import meaning
from ..text import number, with_interval
from .tables import html_table
from .taking import data_block

if TYPE_CHECKING:
    from ..run.run import Run

MOST_ROWS = 100
SHOWN = 16  # rows before the rest is folded


def result_table(run: Run) -> str:
    """The headline and the columns that the scenario asks for, each with its interval over seeds."""
    columns = [name for name in run.columns if name in run.summary]
    rates = [LEARNING_RATE] * run.matched
    shown, rest = excerpt(run.summary, run.heading["headline"], MOST_ROWS)
    rows = [
        [
            escape(row["label"]),
            *(with_interval(row[name], row[f"{name}:low"]) for name in columns),
            *(number(row[name]) for name in rates),
            str(row["seeds"]),
        ]
        for _, row in shown.iterrows()
    ]
    seeds = int(run.summary["seeds"].max())
    spread = "<p class=note>± is half the 95 % interval of the mean over seeds.</p>" if seeds > 1 else ""
    more = f"<p class=note>{escape(rest)}</p>" if rest else ""
    definitions = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning(run, name))}</dd>" for name in columns)
    return "\n".join(
        [
            html_table(["variant", *columns, *rates, "seeds"], rows, SHOWN),
            more + spread + f"<dl>{definitions}</dl>",
            data_block("summary", run.summary),
        ]
    )
