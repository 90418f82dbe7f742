"""Which swept columns stand for what."""

from __future__ import annotations

from collections.abc import Iterable


def scale_axis(columns: Iterable[str]) -> str | None:
    """The column of the swept reward scale, the environment's or a task's; None where no scale is swept."""
    scales = [name for name in columns if name.startswith("environment") and name.endswith("scale")]
    return scales[0] if scales else None
