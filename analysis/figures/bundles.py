"""Curves that lie on each other are one curve with several names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

ROOM = 24  # characters of names in a label


def bundles(curves: Mapping[str, np.ndarray], apart: Callable[[np.ndarray, np.ndarray], bool]) -> list[list[str]]:
    """The names, grouped: each joins the first group from whose first curve its own is not `apart`."""
    found: list[list[str]] = []
    for name, curve in curves.items():
        for group in found:
            if not apart(curves[group[0]], curve):
                group.append(name)
                break
        else:
            found.append([name])
    return found


def label(names: list[str], room: int = ROOM, between: str = ", ") -> str:
    """'sm3, adam, lars, adamw and 13 more': the shortest names, as many as there is room for."""
    ordered = sorted(names, key=lambda name: (len(name), name))
    told = max(1, sum(np.cumsum([len(name) + 2 for name in ordered]) <= room))
    rest = len(ordered) - told
    return between.join(ordered[:told]) + (f" and {rest} more" if rest else "")


def spread(positions: list[float], least: float) -> list[float]:
    """The positions moved apart, in their order, until neighbours are `least` from each other."""
    order = np.argsort(positions, kind="stable")
    placed = np.asarray(positions, dtype=float)[order]
    for _ in range(200):
        gaps = np.maximum(least - np.diff(placed), 0.0) / 2
        if gaps.max(initial=0.0) < 1e-3 * least:
            break
        placed[:-1] -= gaps
        placed[1:] += gaps
    return list(placed[np.argsort(order)])


def add_names(drawing: go.Figure, names: list[str], colour: str, where: dict[str, Any]) -> None:
    """The names of a bundle beside its curve, with an arrow to it."""
    drawing.add_annotation(
        text=label(names), hovertext=", ".join(names), font={"color": colour, "size": 12}, arrowhead=0, arrowwidth=0.8,
        arrowcolor=colour, bgcolor="rgba(255, 255, 255, 0.75)", borderpad=1, **where,
    )  # fmt: skip
