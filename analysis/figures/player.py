"""Frames with a slider and a play button: what any drawing needs to become a film, without a line of script."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

PACE = 140  # milliseconds a frame
BUTTON = "#4a86c5"  # ink of the buttons, which have the same paper by day and by night
SOFT = "rgba(125, 135, 155, 0.35)"


def add_player(drawing: go.Figure, names: list[str], frames: list[list[dict[str, Any]]], start: int) -> None:
    """Under the drawing a slider with a place for each frame, and ▶ and ❚❚; `frames` replace parts of all traces.

    The drawing is that of the frame `start`, which the slider shows; ▶ begins at the first all the same.
    """
    every = list(range(len(drawing.data)))
    drawing.frames = [
        go.Frame(name=name, data=data, traces=every) for name, data in zip(names, frames, strict=True)
    ]  # fmt: skip
    at_once = {"mode": "immediate", "transition": {"duration": 0}}
    still = at_once | {"frame": {"duration": 0, "redraw": True}}
    play = at_once | {"frame": {"duration": PACE, "redraw": True}, "fromcurrent": True}
    steps = [{"method": "animate", "label": name, "value": name, "args": [[name], still]} for name in names]
    drawing.update_layout(
        sliders=[{
            "steps": steps, "active": start, "x": 0.0, "len": 1.0, "y": 0, "yanchor": "top", "ticklen": 0,
            "minorticklen": 0,
            "pad": {"t": 52, "l": 90, "b": 0}, "font": {"size": 1, "color": "rgba(0, 0, 0, 0)"},
            "currentvalue": {"font": {"size": 13, "color": BUTTON}, "offset": 8},
            "bgcolor": SOFT, "activebgcolor": BUTTON, "bordercolor": SOFT, "tickcolor": SOFT, "name": "frames",
        }],
        updatemenus=[{
            "type": "buttons", "direction": "left", "showactive": False, "x": 0.0, "xanchor": "left", "y": 0,
            "yanchor": "top", "pad": {"t": 68, "r": 10}, "bgcolor": "rgba(125, 135, 155, 0.12)", "bordercolor": SOFT,
            "font": {"color": BUTTON, "size": 13}, "name": "play",
            "buttons": [
                {"label": "▶", "method": "animate", "args": [None, play]},
                {"label": "❚❚", "method": "animate", "args": [[None], still]},
            ],
        }],
    )  # fmt: skip


def chosen(frames: list[tuple[int, int]], most: int) -> list[int]:
    """Which of these (rollout, update) are shown: all updates of as many rollouts as fit, first and last among them."""
    by_rollout: dict[int, list[int]] = {}
    for index, (rollout, _) in enumerate(frames):
        by_rollout.setdefault(rollout, []).append(index)
    rollouts = list(by_rollout.values())
    each = max(map(len, rollouts), default=1)
    kept = [frame for index in spaced(len(rollouts), max(most // each, 1)) for frame in rollouts[index]]
    return [kept[index] for index in spaced(len(kept), most)]


def spaced(count: int, most: int) -> list[int]:
    """So many of these at equal distances, the first and, of two at least, the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist() if count else []
