"""The variants of a run side by side, on its page: differences from the first, paired by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..comparing import ComparisonError, compare
from ..comparing.page import table

if TYPE_CHECKING:
    from ..run.run import Run

MOST_VARIANTS = 24  # of a larger sweep no single variant is what the others are compared with


def compared(run: Run) -> str:
    """The table as ready-made HTML; nothing for a single variant, for a sweep, or where nothing can be compared."""
    if not 2 <= len(run.points) <= MOST_VARIANTS:
        return ""
    try:
        return table(compare(run))
    except ComparisonError:
        return ""
