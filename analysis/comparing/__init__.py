"""Variants and runs side by side, differences paired by seed.

`compare` works out the numbers (`comparison`) of chosen columns (`columns`) for the variants of one run
or of several (`variants`). A comparison becomes text for other programs (`formats`), a table on the terminal
(`terminal`) or a page (`page`).
"""

from .comparison import Comparison, compare
from .variants import ComparisonError

__all__ = ["Comparison", "ComparisonError", "compare"]
