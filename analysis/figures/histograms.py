"""Histograms of recorded log-ratios, update by update and variant by variant, in two passages through the tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .bounds import beyond

if TYPE_CHECKING:
    from ..run.run import Run

BINS = 50
FAR = 8.0  # times a bound, beyond which all log-ratios go into the outermost bins
COLUMNS = ["point", "rollout", "update", "advantage", "log_ratio"]


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
