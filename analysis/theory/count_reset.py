"""A new rollout on an old optimizer state: what resets of it, or of parts of it, do to the updates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def first_update_after(
    state: str, b1: ArrayLike, b2: ArrayLike, gradient: ArrayLike = 1.0, mean: ArrayLike = 1.0
) -> np.ndarray:
    """The first update of a rollout, in learning rates, by what became of the optimizer's `state`.

    keep                (β1 m + (1 − β1) g) / √(β2 + (1 − β2) g²)
    reset               sign g
    reset_first_moment  (1 − β1) g / √(β2 + (1 − β2) g²)
    reset_count         keep · √(1 − β2) / (1 − β1)

    where m, `mean`, and g, `gradient`, are the old first moment and the new gradient in units of the old √v. After a
    constant gradient m = g = 1: 1, 1, 0.1, and 0.316 for (0.9, 0.999) or 2.24 for (0.9, 0.95); after noise
    |m| ≈ √((1−β1)/(1+β1)) ≈ 0.23, so a full reset makes the first step larger. Valid after many updates, eps
    negligible. KeyError for any other state.

    Reference: docs/theory.md; arXiv:2306.17833 (resets), arXiv:2412.17113 (Adam-Rel).
    """
    g, b1, b2 = (np.asarray(value, dtype=float) for value in (gradient, b1, b2))
    size = np.sqrt(b2 + (1 - b2) * g**2)
    kept = (b1 * mean + (1 - b1) * g) / size
    return {
        "keep": kept,
        "reset": np.sign(g),
        "reset_first_moment": (1 - b1) * g / size,
        "reset_count": kept * np.sqrt(1 - b2) / (1 - b1),
    }[state]
