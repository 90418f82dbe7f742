"""The ratios as a film: histograms, one frame per update, in two passages through the tokens, with a slider."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..run import Run
from .bounds import beyond, bounds
from .style import BAND, BOUND, TITLE, TOP, Figure, dress, labelled, more_variants, plain, wrapped
from .variants import variants

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


BINS = 50
FAR = 8.0  # times a bound, beyond which all log-ratios go into the outermost bins
COLUMNS = ["point", "rollout", "update", "advantage", "log_ratio"]
MAX_FRAMES = 120  # drawn
MAX_GIVEN = 4000  # in the data
MAX_ROWS = 8
LINE = 44  # characters of a label's line
ROW, GAP = 84, 16  # pixels of a histogram, and between two, labels aside
FOOT = 132  # pixels below all histograms: ticks, the axis' title, the slider
READING = (
    "Move the slider, or press ▶: each histogram is the share of a variant's recorded tokens, of all seeds, at a "
    "log-ratio, after the update that the slider names. Ratios begin at 1, which is 0 here."
)
BANDS = (
    " Grey is the clip band; in full colour are the tokens beyond the bound that their advantage pushes towards, which "
    "no longer have a gradient of their own."
)


def scrubber(run: Run) -> Figure | None:
    """Histograms over recorded rollouts and updates, one per variant; needs recorded ratios of two updates at least."""
    if not run.has_ratios:
        return None
    frames, found, extent = survey(run)
    kinds = variants(run)
    points = kinds.first(MAX_ROWS, found)
    if len(frames) < 2 or not extent[0] < extent[1]:
        return None
    limits = {point: bounds(run, point) for point in points}
    edges = bin_edges(*extent, [limit for limit in limits.values() if limit])
    frames = [frames[index] for index in chosen(frames, MAX_GIVEN)]
    shares = histograms(run, limits, frames, edges)
    shown = chosen(frames, MAX_FRAMES)
    start = _first_shown([frames[frame] for frame in shown])
    drawing = _empty(run, limits)
    centres = (edges[1:] + edges[:-1]) / 2
    for row, point in enumerate(points):
        colour, name = kinds.colour(point), plain(run.labels[point])
        for part, opacity, words in ((0, 0.45, ""), (1, 1.0, " beyond the bound")):
            drawing.add_bar(
                x=centres, y=_short(shares[shown[start], row, part]),
                marker={"color": colour, "opacity": opacity, "line": {"width": 0}},
                hovertemplate=f"{name}: %{{y:.1%}}{words} near %{{x:.3f}}<extra></extra>", row=row + 1, col=1,
            )  # fmt: skip
    heights = [
        [{"type": "bar", "y": _short(shares[frame, row, part])} for row in range(len(points)) for part in range(2)]
        for frame in shown
    ]
    drawing.update_xaxes(range=[edges[0], edges[-1]])
    drawing.update_yaxes(range=[0, 1.05 * shares.sum(axis=2).max()], nticks=3, tickformat=".0%")
    drawing.update_layout(barmode="stack", bargap=0.0, showlegend=False)
    add_player(drawing, ["rollout {}, update {}".format(*frames[frame]) for frame in shown], heights, start)
    reading = READING + BANDS * any(limits.values()) + more_variants(len(found) - len(points), "tables")
    title = "Log-ratios on their way past the bounds" if any(limits.values()) else "Log-ratios, update by update"
    return Figure("scrubber", title, reading, drawing, data=_data(run, points, frames, edges, shares))


def survey(run: Run) -> tuple[list[tuple[int, int]], list[int], tuple[float, float]]:
    """All (rollout, update) with recorded tokens, the points that have some, the least and the largest log-ratio."""
    frames, points, least, most = set(), set(), np.inf, -np.inf
    for tokens in run.stored_ratios.each(["point", "rollout", "update", "log_ratio"]):
        if not len(tokens):
            continue
        rollouts, updates = tokens["rollout"].to_numpy().astype(np.int64), tokens["update"].to_numpy()
        factor = int(updates.max()) + 1
        frames |= {divmod(code, factor) for code in pd.unique(rollouts * factor + updates).tolist()}
        points |= set(pd.unique(tokens["point"]).tolist())
        values = tokens["log_ratio"].to_numpy()
        values = values[np.isfinite(values)]
        least, most = values.min(initial=least), values.max(initial=most)
    return sorted(frames), sorted(points), (float(least), float(most))


def bin_edges(least: float, most: float, limits: list[tuple[float, float]]) -> np.ndarray:
    """About BINS bins of equal widths over all log-ratios and bounds, but nothing far beyond the bounds.

    Edges are at the first variant's bounds, so that no bin is on both sides; without any, 0 is amid a bin.
    """
    if not limits:
        width = (most - least) / (BINS - 2)
        return width * (np.arange(np.floor(least / width), np.ceil(most / width) + 2) - 0.5)
    bottom, top = min(low for low, _ in limits), max(high for _, high in limits)
    bottom = bottom if np.isfinite(bottom) else -top
    least, most = max(min(least, 1.25 * bottom), FAR * bottom), min(max(most, 1.25 * top), FAR * top)
    low, high = limits[0] if np.isfinite(limits[0][0]) else (-limits[0][1], limits[0][1])
    width = (high - low) / max(round((high - low) / (most - least) * BINS), 1)
    return low + width * np.arange(np.floor((least - low) / width), np.ceil((most - low) / width) + 1)


def histograms(run: Run, limits: dict, frames: list[tuple[int, int]], edges: np.ndarray) -> np.ndarray:
    """Shares [frame, point of `limits`, within or beyond its bound, bin]; the outermost bins have the rest."""
    bins, points = len(edges) - 1, list(limits)
    counts = np.zeros(len(frames) * len(points) * 2 * bins)
    frame_of = np.full(np.max(frames, axis=0) + 1, -1)
    frame_of[tuple(np.transpose(frames))] = range(len(frames))
    row_of = np.zeros(max(points) + 1, dtype=np.int64)
    row_of[points] = range(len(points))
    low, high = np.transpose([limit or (-np.inf, np.inf) for limit in limits.values()])
    rollouts, updates = ({frame[axis] for frame in frames} for axis in (0, 1))
    for tokens in run.stored_ratios.each(COLUMNS, point=points, rollout=rollouts, update=updates):
        values, advantages = tokens["log_ratio"].to_numpy(dtype=float), tokens["advantage"].to_numpy()
        frame = frame_of[tokens["rollout"].to_numpy(), tokens["update"].to_numpy()]
        row = row_of[tokens["point"].to_numpy()]
        out = beyond(values, advantages, (low[row], high[row]))
        which = np.clip(np.floor((values - edges[0]) / (edges[1] - edges[0])), 0, bins - 1)
        known = np.isfinite(values) & (frame >= 0)  # what has diverged is nowhere
        code = ((frame * len(points) + row) * 2 + out) * bins
        counts += np.bincount(code[known] + which[known].astype(np.int64), minlength=len(counts))
    counts = counts.reshape(len(frames), len(points), 2, bins)  # type: ignore[assignment]
    return counts / np.maximum(counts.sum(axis=(2, 3), keepdims=True), 1)


def _first_shown(frames: list[tuple[int, int]]) -> int:
    """The end of the first rollout, where it has several updates; else that of the last one."""
    first = [index for index, frame in enumerate(frames) if frame[0] == frames[0][0]]
    return first[-1] if len(first) > 1 else len(frames) - 1


def _empty(run: Run, limits: dict) -> go.Figure:
    """A row per point with its name, and its clip band."""
    count = len(limits)
    titles = [wrapped(run.labels[point], LINE) for point in limits]
    gap = GAP + TITLE * max(title.count("<br>") + 1 for title in titles)
    whole = count * ROW + (count - 1) * gap
    drawing = make_subplots(
        rows=count, cols=1, shared_xaxes=True, vertical_spacing=gap / whole if count > 1 else 0.0,
        subplot_titles=titles,
    )  # fmt: skip
    drawing.update_annotations(font_size=12, x=0, xanchor="left", align="left")
    for row, limit in enumerate(limits.values()):
        where = {"row": row + 1, "col": 1, "exclude_empty_subplots": False}
        if limit:
            drawing.add_vrect(x0=limit[0], x1=limit[1], fillcolor=BAND, line_width=0, layer="below", **where)
            for bound in filter(np.isfinite, limit):
                drawing.add_vline(x=bound, line={"color": BOUND, "width": 1, "dash": "dot"}, **where)
    drawing.update_xaxes(title_text="log-ratio ln π / π_behavior", row=count, col=1)
    return dress(drawing, height=TOP + whole + FOOT).update_layout(margin_b=FOOT)


def _data(run: Run, points: list[int], frames: list[tuple[int, int]], edges: np.ndarray, shares: np.ndarray):
    """The bins that are not empty, of all updates: from where to where, the share, and that beyond the bound in it."""
    all_of = shares.sum(axis=2)
    frame, row, which = np.nonzero(all_of)
    rollouts, updates = np.transpose(frames)
    rows = pd.DataFrame({
        "point": np.array(points)[row], "rollout": rollouts[frame], "update": updates[frame],
        "from": edges[which], "to": edges[which + 1], "share": all_of[frame, row, which],
        "share beyond the bound": shares[frame, row, 1, which],
    })  # fmt: skip
    return labelled(run, rows)


def _short(shares: np.ndarray) -> list[float]:
    return [round(share, 4) or 0 for share in shares.tolist()]
