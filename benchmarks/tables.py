"""The kept results as tables, for the terminal and for docs/performance.md. Nothing here needs more than Python."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import results
from benchmarks.results import Row
from benchmarks.suites import NAMES

RELATIONS = {"at least": "≥", "at most": "≤", "exactly": "="}
MARKS = {"holds": "holds", "below": "**below the goal**", "missed": "**missed**"}


def number(value: float | None) -> str:
    """Three digits, as one reads them."""
    if value is None:
        return "not measured"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g} M"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def cell(row: Row) -> str:
    """One measurement: `12.3 × (11 to 13), ≥ 9: holds`."""
    text = number(row.value) + (f" {row.unit}" if row.unit and row.value is not None else "")
    text += f" ({row.note})" if row.note else ""
    if row.low is not None and number(row.low) != number(row.high):
        text += f" ({number(row.low)} to {number(row.high)})"
    if row.goal is not None:
        text += f", {RELATIONS[row.relation]} {number(row.goal)}: {MARKS[row.verdict]}"
    return text


def pivots(rows: Sequence[Row]) -> list[tuple[list[str], list[list[str]]]]:
    """A line for what was measured, a column for each size; `this: that` is line `that` of table `this`."""
    groups: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        group, what = row.what.split(": ", 1) if ": " in row.what else ("", row.what)
        groups.setdefault(group, {}).setdefault(what, {})[row.size] = cell(row)
    sizes = sorted({row.size for row in rows}, key=["", "small", "medium", "large"].index)
    return [
        ([group, *sizes], [[what, *(cells.get(size, "") for size in sizes)] for what, cells in lines.items()])
        for group, lines in groups.items()
    ]


def markdown(head: list[str], lines: list[list[str]]) -> str:
    table = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table)


def as_text(rows: Sequence[Row]) -> str:
    """For the terminal, a line a measurement."""
    width = max((len(row.what) for row in rows), default=0)
    return "\n".join(f"  {row.size:7} {row.what:{width}}  {cell(row).replace('**', '')}" for row in rows)


def suite(name: str, kept: dict | None = None) -> str:
    """The table of one suite with its remarks."""
    found = (kept or results.read())["suites"].get(name)
    if found is None:
        return "Not measured yet: `make bench`."
    parts = [markdown(*table) for table in pivots(results.rows_of(found))] + found["remarks"]
    if unsteady := [name for name, each in found["raw"].items() if not each.get("steady", True)]:
        parts.append(f"The ratios scattered in every set of rounds that was made: {', '.join(unsteady)}.")
    return "\n\n".join(parts)


def conditions(kept: dict | None = None) -> str:
    """The machine, the versions, and how much else was running."""
    kept = kept or results.read()
    if not kept["suites"]:
        return "Not measured yet: `make bench`."
    machine, suites = kept["machine"], kept["suites"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    load = max(each["load_average_before"] for each in suites.values())
    days = sorted({each["when"][:10] for each in suites.values()})
    missing = [name for name in NAMES if name not in suites]
    goals = [row.verdict for each in suites.values() for row in results.rows_of(each) if row.goal is not None]
    lines = [
        f"{machine['cpu']}, {machine['cores_used']} of {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}; {versions}; XLA_FLAGS: {machine['XLA_FLAGS'] or 'none'}.",
        f"Measured {' to '.join(dict.fromkeys([days[0], days[-1]]))}. The load average before a suite, which the suite "
        f"before it makes, was at most {load}.",
        f"Of {len(goals)} goals {goals.count('holds')} hold, {goals.count('below')} are missed by no more than "
        f"noise explains, {goals.count('missed')} by more.",
    ]
    if missing:
        lines.append(f"Not measured: {', '.join(missing)}.")
    return "\n\n".join(lines)
