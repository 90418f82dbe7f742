"""The data behind a figure or a table, inside the page: compressed, as text that no markup can break out of.

The browser unpacks it into a CSV file when its button is pressed (report.js).
"""

from __future__ import annotations

import base64
import gzip
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2_000_000  # of compressed data that one figure may add to a page, about
PROBE = 20_000  # rows whose size tells that of all


def data_block(name: str, frame: pd.DataFrame) -> str:
    """A button that gives the frame as NAME.csv, and the frame.

    Of one that is too large rows drawn at random are there, in their order, and the caption says how many of how many.
    """
    kept, data = packed(frame)
    rows = f"{len(kept):,} row{'s' * (len(kept) != 1)}"
    if len(kept) < len(frame):
        rows = f"{len(kept):,} of {len(frame):,} rows, drawn at random; <code>ratiodrift export</code> writes all"
    return (
        f'<p class=take><button type=button data-takes="{escape(name)}" hidden>Data (CSV)</button> '
        f"<small>{rows}</small></p>"
        f'<script type="application/octet-stream;base64" id="data-{escape(name)}">{data}</script>'
    )


def packed(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """As many rows as there is room for, and their CSV: gzip, base64."""
    probe = _some(frame, PROBE)
    compressed = _compressed(probe)
    room = MOST_BYTES * len(probe) // len(compressed)
    kept = _some(frame, max(room, 1)) if len(frame) > len(probe) or room < len(probe) else probe
    if kept is not probe:
        compressed = _compressed(kept)
    return kept, base64.b64encode(compressed).decode()


def _some(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """Every row where there are no more; else so many at random: every so-manyth could be the same update of each."""
    if len(frame) <= most:
        return frame
    return frame.reset_index(drop=True).sample(most, random_state=0).sort_index()


def _compressed(frame: pd.DataFrame) -> bytes:
    return gzip.compress(frame.to_csv(index=False).encode(), mtime=0)
