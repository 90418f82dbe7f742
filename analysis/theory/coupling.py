"""Where a ratio stops without any momentum: beyond the clip bound all the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def memoryless_limit(probability: ArrayLike, clip_low: ArrayLike, clip_high: ArrayLike) -> np.ndarray:
    """The end ratio of the one rewarded arm when every other arm was sampled and is pushed down.

    ρ* = max( 1 + clip_high, 1 + clip_low (1 − π) / π )

    where π is the arm's probability when the rollout began. The other arms stop at (1 − clip_low) of theirs, and what
    they lose the rewarded arm gains, clipped or not: coupling through the softmax, not momentum. Valid for small
    steps; one rewarded arm, tabular softmax.
    """
    probability = np.asarray(probability, dtype=float)
    return np.maximum(1 + np.asarray(clip_high), 1 + np.asarray(clip_low) * (1 - probability) / probability)
