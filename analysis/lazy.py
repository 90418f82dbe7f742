"""pandas, imported on first use: `ratiodrift validate` reads what quantities need, and must not wait for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
else:
    from wrapt import lazy_import

    pd = lazy_import("pandas")

__all__ = ["pd"]
