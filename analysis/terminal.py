"""A run's result on the terminal: the question, the table, predicted beside measured, a sentence, where the page is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from .excerpt import excerpt
from .run import LEARNING_RATE, Run
from .sentences import diverged, fairness, finding, memory
from .text import bound, measured, number, with_interval

MAX_ROWS = 24
COLOURS = {"holds": "green", "fails": "bold red", "cannot tell": "yellow"}


def working(what: str) -> Status:
    """Says on a terminal, while it is open, what is being done; in a file nothing is said."""
    return Console(stderr=True).status(escape(what))


def show(run: Run, console: Console | None = None) -> None:
    """Print a finished run."""
    console = console or Console(highlight=False)
    console.print(f"\n[bold]{escape(run.heading['title'])}[/bold]")
    console.print(escape(run.heading["question"]), style="italic")
    console.print()
    table, rest = results(run)
    console.print(table)
    seeds = int(run.summary["seeds"].max())
    console.print(f"mean ± 95 % interval over {seeds} seeds" if seeds > 1 else "one seed", style="italic dim")
    if rest:
        console.print(rest)
    if run.verdicts:
        console.print()
        console.print(verdicts(run.verdicts))
    console.print(f"\n{escape(finding(run))}")
    for sentence in filter(None, (memory(run), fairness(run))):
        console.print(escape(sentence))
    if told := diverged(run, MAX_ROWS):
        console.print(escape(told), style="bold red")
    where = {"report": run.directory / "report.html", "tables": run.directory}
    print_places(console, {**where, "why": f"ratiodrift explain {run.directory}"})


def print_places(console: Console, places: Mapping[str, object]) -> None:
    """What was written where, a line each, which is never broken."""
    console.print()
    for name, place in places.items():
        console.print(f"{name:8}", end="")
        console.print(str(place), soft_wrap=True)


def results(run: Run) -> tuple[Table, str]:
    """One row per point: the headline metric with its interval, and the columns that the scenario asks for.

    Of many points the extremes of the headline, and a sentence that says how many there are between.
    """
    columns = [name for name in [*run.columns, *[LEARNING_RATE] * run.matched] if name in run.summary]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("variant")
    for name in columns:
        head = "learning\nrate" if name == LEARNING_RATE else name.replace("/", "/\n").replace("_", "_\n", 1)
        table.add_column(head, justify="right", vertical="bottom")
    shown, rest = excerpt(run.summary, run.heading["headline"], MAX_ROWS)
    for _, row in shown.iterrows():
        table.add_row(escape(row["label"]), *_cells(row, columns))
    return table, rest


def _cells(row: pd.Series, columns: list[str]) -> list[str]:
    """The first column with its interval, for the others there is no room."""
    interval = [with_interval(row[name], row[f"{name}:low"]) for name in columns[:1]]
    return interval + [number(row[name]) for name in columns[1:]]


def verdicts(claims: list[dict[str, Any]]) -> Table:
    """One row a claim: what it allows, what was measured where that differs most, the verdict."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("predicted", "measured"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("claim")
    for claim in claims:
        table.add_row(*verdict_cells(claim))
    return table


def verdicts_of_all(scenarios: list[dict[str, Any]]) -> Table:
    """One row a claim, scenario by scenario."""
    table = verdicts([])
    table.add_column("seeds", justify="right")
    for scenario in scenarios:
        table.add_section()
        table.add_row("", "", "", f"[bold]{escape(scenario['scenario'])}[/]", "")
        for claim in scenario["claims"]:
            table.add_row(*verdict_cells(claim), str(claim["seeds"] or "–"))
    return table


def verdict_cells(claim: dict[str, Any]) -> list[str]:
    """Predicted, measured, verdict and the sentence, with what the verdict rests on where it is not that it holds."""
    verdict, says = claim["verdict"], escape(claim["says"])
    if verdict != "holds":
        says += f"\n[dim]{escape(claim['why'])}[/]"
    return [bound(claim), measured(claim), f"[{COLOURS[verdict]}]{verdict}[/]", says]
