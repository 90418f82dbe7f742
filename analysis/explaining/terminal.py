"""Explanations on the terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..text import finite, number

if TYPE_CHECKING:
    from ..run.run import Run
    from .explanation import Explanation

NOTHING = "No rule found anything to explain in what this run recorded."


def show(run: Run, found: list[Explanation], console: Console | None = None) -> None:
    """Print what was found: the sentence, what it rests on, and where it is explained."""
    console = console or Console(highlight=False)
    console.print(Text(f"\n{run.heading['title']}", style="bold"))
    console.print(Text(run.heading["question"], style="italic"))
    if not found:
        console.print(f"\n{NOTHING}")
    for count, each in enumerate(found, start=1):
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", style="bold")
        grid.add_column()
        grid.add_row(f"{count}.", Text(each.says))
        grid.add_row("", Text(f"looked at: {looked_at(each.looked_at)}", style="dim"))
        grid.add_row("", Text(f"{each.rule}, {each.link}", style="dim"))
        console.print()
        console.print(grid)


def looked_at(numbers: dict[str, Any]) -> str:
    """'clip/active = 0, ratio/max = 1.2 to 1.5'."""
    parts = {name: value if isinstance(value, list) else [value] for name, value in numbers.items()}
    texts = {name: [each if isinstance(each, str) else number(each) for each in part] for name, part in parts.items()}
    return ", ".join(f"{name} = {' to '.join(text)}" for name, text in texts.items())


def plain(found: list[Explanation]) -> list[dict[str, Any]]:
    """As JSON has them: null for what is not finite."""
    return [finite(asdict(each)) for each in found]
