"""The clip bounds of a point, in log-ratios."""

from __future__ import annotations

import numpy as np

from ..run import Run

CLIPS = ("clip", "two_sided_clip")


def bounds(run: Run, point: int) -> tuple[float, float] | None:
    """The bound that a negative advantage pushes a token's log-ratio towards, and that of a positive one.

    log(1 − clip_low), log(1 + clip_high);   None where no clip looks at the ratios of tokens
    """
    surrogate = run.experiment(point)["surrogate"]
    gate, level = surrogate["gate"], surrogate.get("level", {"kind": "token"})
    if gate.get("kind") not in CLIPS or level["kind"] != "token":
        return None
    low = gate["clip_low"] if gate.get("negative_low") is None else gate["negative_low"]
    with np.errstate(divide="ignore"):
        return float(np.log1p(-low)), float(np.log1p(gate["clip_high"]))


def beyond(log_ratio: np.ndarray, advantage: np.ndarray, bound: tuple[float, float] | None) -> np.ndarray:
    """Which tokens are beyond the bound that their advantage pushes towards; none where there is no bound."""
    if bound is None:
        return np.zeros(len(log_ratio), dtype=bool)
    return ((advantage > 0) & (log_ratio > bound[1])) | ((advantage < 0) & (log_ratio < bound[0]))
