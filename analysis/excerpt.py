"""What is shown of many points: the extremes."""

from __future__ import annotations

import pandas as pd


def excerpt(rows: pd.DataFrame, metric: str, most: int) -> tuple[pd.DataFrame, str]:
    """At most so many rows of a summary, and a sentence about the rest, empty where there is none.

    Where they are more, those with the smallest and the largest values of the metric, in its order; the first ones
    where it is undefined in most of them.
    """
    if len(rows) <= most:
        return rows, ""
    rest = f"… and {len(rows) - most:,} more points in summary.parquet"
    known = rows.dropna(subset=[metric]) if metric in rows else rows.iloc[:0]
    if len(known) < most:
        return rows.head(most), rest
    ordered = known.sort_values(metric, kind="stable")
    return pd.concat([ordered.head(most - most // 2), ordered.tail(most // 2)]), f"{rest}, between these in {metric}"


def thinned(count: int, most: int) -> range:
    """Which of so many are drawn: every so-manyth, from the first on, and not more than fit."""
    return range(0, count, max(1, -(-count // most)))
