"""The tables of a run by name, and the columns that their rows can be chosen by."""

from __future__ import annotations

from collections.abc import Callable

from ..run.stored_tokens import ROW
from .sources import Source
from .stored_tables import TOKEN, ratios, updates
from .whole_tables import readings, summary

INTEGERS = {  # the columns that rows can be chosen by, beside what describes their points
    "updates": ROW,
    "ratios": (*ROW, *TOKEN),
    "readings": ("point", "seed"),
    "summary": ("point",),
    "claims": (),
}
TABLES = tuple(INTEGERS)
SOURCES: dict[str, Callable[..., Source]] = {
    "updates": updates,
    "ratios": ratios,
    "readings": readings,
    "summary": summary,
}
