"""The push on a token that all completions of a group share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

REDUCTIONS = ("sequence_mean", "token_mean", "constant_length", "sequence_sum")


def token_weights(reduction: str, lengths: ArrayLike, constant: float) -> np.ndarray:
    """ω_i of every token of completion i when all completions of the batch are in one group.

    sequence_mean: 1/(G L_i)    token_mean: 1/Σ_j L_j    constant_length: 1/(G · constant)    sequence_sum: 1/G
    """
    lengths = np.asarray(lengths, dtype=float)
    same = np.ones_like(lengths)
    weights = {
        "sequence_mean": 1 / (lengths.size * lengths),
        "token_mean": same / lengths.sum(),
        "constant_length": same / (lengths.size * constant),
        "sequence_sum": same / lengths.size,
    }
    return weights[reduction]


def prefix_weight(weights: ArrayLike, advantages: ArrayLike) -> float:
    """W = Σ_i ω_i A_i; with centred advantages it is G · Cov(ω, A), the population covariance.

    Zero for weights that are the same for all. Valid before the first update of a rollout, where every ratio is 1.

    Reference: arXiv:2601.05002, Proposition 1.
    """
    return float(np.dot(np.asarray(weights, dtype=float), np.asarray(advantages, dtype=float)))
