"""A new rollout on an old optimizer state: what resets of it, or of parts of it, do to the updates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def count_reset_factor(i: ArrayLike, b1: ArrayLike, b2: ArrayLike, n: ArrayLike = np.inf) -> np.ndarray:
    """By how much the i-th update after Adam's count began anew exceeds the one with the count kept.

    √(1 − β2^i) / (1 − β1^i)  ·  (1 − β1^{n+i}) / √(1 − β2^{n+i})

    where n, after which the second factor is 1, counts the updates before. A cut of the learning rate for (0.9, 0.999):
    0.316, 0.235, least 0.152 at i = 12; a rise for (0.9, 0.95): 2.24, 1.64. Above 1 at first where 1 − β2 > (1 − β1)².
    Valid for any gradients, exactly where eps is negligible.

    Reference: Adam-Rel, arXiv:2412.17113.
    """
    i, n, b1, b2 = (np.asarray(value, dtype=float) for value in (i, n, b1, b2))
    kept = (1 - b1 ** (n + i)) / np.sqrt(1 - b2 ** (n + i))
    return kept * np.sqrt(1 - b2**i) / (1 - b1**i)


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


def stale_share(b1: ArrayLike, i: ArrayLike) -> np.ndarray:
    """The weight that older rollouts' gradients still have in the first moment.

    β1^i

    where i counts this rollout's updates, whose own weights add up to 1 − β1^i. Valid for a state that was kept.

    Reference: m_{n+i} = β1^i m_n + (1 − β1) Σ β1^{i−s} g_s.
    """
    return np.asarray(b1, dtype=float) ** np.asarray(i, dtype=float)
