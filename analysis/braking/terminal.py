"""The braking distances on a terminal: a table of 80 columns, a sentence, and where the page is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..terminal import print_places
from .brakes import Brakes
from .text import distance, elasticity, finding, headings, short

COLOURS = {"stops at once": "green", "coasts": "blue", "does not stop": "red", "not finite": "bright_black"}


def show(brakes: Brakes, folder: Path, console: Console | None = None) -> None:
    """Print what was measured."""
    console = console or Console(highlight=False)
    facts = brakes.facts
    console.print("\n[bold]Braking distance[/bold]: how far an optimizer carries on when its gradient is gone\n")
    console.print(ranking(brakes))
    for name, reason in brakes.left_out.items():
        console.print(f"not measured: {escape(name)}: {escape(reason)}", style="dim")
    console.print(
        f"\nC1 and distance in units of the last update with a gradient: {facts['updates']} updates with a constant "
        f"one (cold: {facts['cold']}), then {facts['horizon']} without. Elasticity: d ln(update) / d ln(gradient), "
        "mean and steepest over gradients of {:g} to {:g}. No weight decay, unless set.".format(*facts["scales"]),
        style="dim",
    )
    console.print(f"\n{escape(finding(brakes))}")
    print_places(console, {"page": folder / "brake.html", "tables": folder})


def ranking(brakes: Brakes) -> Table:
    """One row per optimizer, behaviour by behaviour, the shortest distance first."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("optimizer", no_wrap=True, vertical="bottom")
    for name in ("C1", "half-\nlife", "distance\nsteady", "pre-\ndicted", "cold", "elasti-\ncity", "steep-\nest"):
        table.add_column(name, justify="right", no_wrap=True, vertical="bottom")
    for kind, heading in headings(brakes).items():
        table.add_row(f"[bold {COLOURS[kind]}]{heading}[/]")
        for name, row in brakes.ranking[brakes.ranking["behaviour"] == kind].iterrows():
            table.add_row(
                f" {escape(str(name))}",
                short(row["first_residual"]),
                short(row["half_life"]),
                distance(row["distance"], row["whole"]),
                distance(row["predicted"], row["predicted_whole"]),
                distance(row["distance_cold_constant"], row["whole_cold_constant"]),
                elasticity(row["elasticity_last"]),
                elasticity(row["steepest_last"]),
            )
    return table
