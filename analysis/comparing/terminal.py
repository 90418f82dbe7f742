"""A comparison on the terminal: tables side by side where they fit, one below the other where not."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .cells import difference, excludes_zero, mean, names
from .comparison import Comparison

MAX_ROWS = 40  # of more, the first and the last are shown
WIDEST_NAME = 24


def show(comparison: Comparison, console: Console | None = None) -> None:
    """Print a comparison: a row per variant, in each cell the mean and, below it, the difference from the baseline."""
    console = console or Console(highlight=False)
    marked, half = names(comparison), MAX_ROWS // 2
    count = len(marked)
    rows = [*range(count)] if count <= MAX_ROWS else [*range(half), *range(count - half, count)]
    cells = {name: _cells(comparison, name, rows) for name in comparison.columns}
    shown = [marked[row] for row in rows]
    for columns in _blocks(cells, shown, console.width):
        console.print(_table(columns, cells, shown))
    if hidden := count - len(rows):
        console.print(f"… and {hidden:,} more between these (--format csv writes all)\n")
    for name in comparison.columns:
        console.print(Text.assemble((name, "bold"), f": {comparison.legends[name]}"))
    console.print()
    for note in comparison.notes:
        console.print(escape(note), style="dim")


def _cells(comparison: Comparison, name: str, rows: list[int]) -> list[Text]:
    """The cells of a column; a difference that may be none is dim."""
    found = []
    for _, row in comparison.of(name).iloc[rows].iterrows():
        cell = Text(mean(row), justify="right")
        if row.name == comparison.baseline:
            cell.append("\nbaseline", style="dim italic")
        elif changed := difference(row):
            cell.append("\n")
            cell.append(f"Δ {changed}", style="cyan" if excludes_zero(row) else "dim")
        found.append(cell)
    return found


def _blocks(cells: dict[str, list[Text]], shown: list[str], width: int) -> list[list[str]]:
    """The columns in groups that fit beside the variants' names."""
    left = width - min(max(map(len, shown)), WIDEST_NAME) - 2
    blocks: list[list[str]] = [[]]
    used = 0
    for name, column in cells.items():
        lines = [line for text in (_head(name), *(cell.plain for cell in column)) for line in text.split("\n")]
        size = 2 + max(map(len, lines))
        if blocks[-1] and used + size > left:
            blocks.append([])
            used = 0
        blocks[-1].append(name)
        used += size
    return blocks


def _head(name: str) -> str:
    return name.replace("/", "/\n", 1) if len(name) > 12 else name


def _table(columns: list[str], cells: dict[str, list[Text]], shown: list[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 1, 0), header_style="bold", collapse_padding=True)
    lines = max(_head(name).count("\n") for name in columns)
    table.add_column("\n" * lines + "variant", max_width=WIDEST_NAME)
    for name in columns:
        table.add_column(Text(_head(name)), justify="right", vertical="bottom", no_wrap=True)
    for index, name in enumerate(shown):
        table.add_row(Text(name), *(cells[column][index] for column in columns))
    return table
