"""How far a ratio gets: without momentum, and in the updates after it has met the clip bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .adam_residual import adam_residual_sum


def memoryless_limit(probability: ArrayLike, clip_low: ArrayLike, clip_high: ArrayLike) -> np.ndarray:
    """The end ratio of the one rewarded arm when every other arm was sampled and is pushed down.

    ρ* = max( 1 + clip_high, 1 + clip_low (1 − π) / π )

    where π is the arm's probability when the rollout began. The other arms stop at (1 − clip_low) of theirs, and what
    they lose the rewarded arm gains, clipped or not: coupling through the softmax, not momentum. Valid for small
    steps; one rewarded arm, tabular softmax.
    """
    probability = np.asarray(probability, dtype=float)
    return np.maximum(1 + np.asarray(clip_high), 1 + np.asarray(clip_low) * (1 - probability) / probability)


def steps_to_bound(probability: ArrayLike, learning_rate: ArrayLike, clip_high: ArrayLike) -> np.ndarray:
    """The fewest updates in which a ratio that begins at 1 can meet the clip's upper bound.

    k0 = ln(1 + ε) / (2 α (1 − π))

    in updates, not rounded, where π is the token's `probability` when the rollout began, α the `learning_rate` and ε
    `clip_high`. For ln ρ grows by at most 2h (1 − π) where no logit of the row moves by more than h (Jensen), and by as
    much to first order where the token's goes up and all others' go down. Valid as a lower bound for updates of at most
    α a coordinate; as an estimate, if they are about α, for π ε far below 1 − π.

    Reference: docs/theory.md; ‖∇ log π(a)‖₁ = 2 (1 − π(a)).
    """
    reach = 2 * np.asarray(learning_rate, dtype=float) * (1 - np.asarray(probability, dtype=float))
    return np.log1p(clip_high) / reach


def end_ratio(
    probability: ArrayLike,
    learning_rate: ArrayLike,
    clip_high: ArrayLike,
    updates: ArrayLike,
    b1: ArrayLike,
    b2: ArrayLike,
) -> np.ndarray:
    """Where memory alone carries a clipped ratio under Adam: an upper bound, to first order the ratio itself.

    ρ_end = (1 + ε) exp( 2 α (1 − π) · ρ (1 − ρ^{μ−k0}) / (1 − ρ) ),   ρ = β1/√β2 in the exponent

    where μ counts the rollout's `updates` and k0 is `steps_to_bound`; 1 + ε for μ ≤ k0. A bound, since k0 is the fewest
    updates, and since later the probability is larger than π and its reach smaller. Valid where all gradients vanish at
    the bound after many updates of at most α (while the gradient grows with the ratio they are up to 8 % larger), eps
    negligible. Left out: the update that crosses (up to 2α (1 − π) more in ln ρ) and coupling (tokens that still push).

    Reference: docs/theory.md; arXiv:2601.05002, Proposition 3.
    """
    reach = 2 * np.asarray(learning_rate, dtype=float) * (1 - np.asarray(probability, dtype=float))
    silent = np.maximum(updates - steps_to_bound(probability, learning_rate, clip_high), 0.0)
    return (1 + np.asarray(clip_high)) * np.exp(reach * adam_residual_sum(b1, b2, silent))
