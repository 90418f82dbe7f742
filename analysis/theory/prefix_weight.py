"""Prefix tokens: the weight that a group's shared token gets, and what is expected of it."""

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


def expected_prefix_gradient(
    probability: ArrayLike, success: ArrayLike, weight_right: ArrayLike, weight_wrong: ArrayLike, group_size: int
) -> np.ndarray:
    """E[∂J/∂θ(a)] at a context c that all completions pass, for each token a that can follow.

    E = (G−1)/G · π(a) · ( c_a − Σ_b π(b) c_b ),   c_a = Cov(f, R | a) + E[f | a] (Q_a − V)

    where R is 1 for a right completion and 0 for a wrong one, Q_a = E[R | a] is `success`, V = Σ_b π(b) Q_b, and f the
    weight of a completion's tokens: `weight_right[a]` or `weight_wrong[a]`. So Cov(f, R | a) = Q_a (1 − Q_a)
    (weight_right − weight_wrong). With equal weights it is (G−1)/G times the gradient of the return; when the c_a are
    all the same it is zero, however unequal the weights of one group. Valid on-policy, for independent completions
    and advantages R_i − R̄.

    Reference: docs/theory.md; the realised weight is arXiv:2601.05002, Proposition 1.
    """
    pi, q, right, wrong = (
        np.asarray(values, dtype=float) for values in (probability, success, weight_right, weight_wrong)
    )
    value = np.sum(pi * q)
    covariance = q * (1 - q) * (right - wrong)
    mean_weight = q * right + (1 - q) * wrong
    each = covariance + mean_weight * (q - value)
    return (group_size - 1) / group_size * pi * (each - np.sum(pi * each))


def binary_prefix_weight(lengths: ArrayLike, right: ArrayLike, ddof: int = 0) -> float:
    """The realised W of a shared token under GRPO's weights, for rewards of 0 and 1.

    W = √( p (1−p) ) · ( h₊ − h₋ ),   times √( (G−1)/G ) with ddof 1

    where p is the share of right completions and h± the mean of 1/length over right and wrong ones: the prefix is
    pushed up exactly when right completions are shorter, by their harmonic means. 0 where all are alike.

    Reference: docs/theory.md.
    """
    inverse, right = 1 / np.asarray(lengths, dtype=float), np.asarray(right, dtype=bool)
    share = right.mean()
    if share in (0.0, 1.0):
        return 0.0
    group_size = right.size
    unit = np.sqrt((group_size - 1) / group_size) if ddof else 1.0
    return float(unit * np.sqrt(share * (1 - share)) * (inverse[right].mean() - inverse[~right].mean()))
