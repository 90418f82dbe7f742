"""How Adam's update decays once the gradient is gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def adam_residual(n: ArrayLike, j: ArrayLike, b1: ArrayLike, b2: ArrayLike) -> np.ndarray:
    """The j-th update without a gradient, in units of the last update with one.

    C_{n,j} = β1^j (1 − β1^n) / (1 − β1^{n+j}) · √( (1 − β2^{n+j}) / (β2^j (1 − β2^n)) )

    where n counts the optimizer's updates up to and including the last one with a gradient, whatever those gradients
    were. For n → ∞ it is (β1/√β2)^j: it decays if and only if β1² < β2. Valid while eps is far below √v̂; the
    learning rate constant; no weight decay.

    Reference: arXiv:2601.05002, equations 36 and 37 (its k is j − 1, its T is n + 1). The paper's C_{T,4} ≈ 0.66 for
    (0.9, 0.95) is 0.671.
    """
    n, j, b1, b2 = (np.asarray(value, dtype=float) for value in (n, j, b1, b2))
    first = b1**j * (1 - b1**n) / (1 - b1 ** (n + j))
    second = (1 - b2 ** (n + j)) / (b2**j * (1 - b2**n))
    return first * np.sqrt(second)


def adam_residual_sum(b1: ArrayLike, b2: ArrayLike, updates: ArrayLike = np.inf) -> np.ndarray:
    """How far Adam coasts in so many updates without a gradient, in units of its last update with one.

    Σ_{j=1..J} ρ^j = ρ (1 − ρ^J) / (1 − ρ),   ρ = β1/√β2

    where J is `updates`: 12.05 in all for (0.9, 0.95), 9.05 for (0.9, 0.999), ∞ for β1² ≥ β2. Valid after many updates
    (n → ∞), eps far below √v̂; at a learning rate α it is worth α |m̂|/√v̂ times that in each coordinate.

    Reference: the geometric sum of arXiv:2601.05002, equation 37.
    """
    rho, updates = np.broadcast_arrays(np.asarray(b1, dtype=float) / np.sqrt(b2), np.asarray(updates, dtype=float))
    same = rho == 1
    other = np.where(same, 0.0, rho)
    return np.where(same, updates, other * (1 - other**updates) / (1 - other))


def half_life(b1: ArrayLike, b2: ArrayLike) -> np.ndarray:
    """After how many updates without a gradient Adam's are half as large.

    ln(1/2) / ln ρ,   ρ = β1/√β2

    in updates: 8.7 for (0.9, 0.95), 6.6 for (0.9, 0.999), ∞ for β1² ≥ β2. Valid after many updates, eps far below √v̂.

    Reference: arXiv:2601.05002, equation 37.
    """
    rho = np.asarray(b1, dtype=float) / np.sqrt(b2)
    decays = rho < 1
    with np.errstate(divide="ignore"):  # β1 = 0: at once
        return np.where(decays, np.log(0.5) / np.log(np.where(decays, rho, 0.5)), np.inf)


def eps_takes_over(b2: ArrayLike, eps: ArrayLike, gradient: ArrayLike) -> np.ndarray:
    """After how many updates without a gradient √v̂ has sunk to eps, and the residual's decay turns into β1^j.

    j = 2 ln(√v̂ / eps) / ln(1/β2)

    in updates, √v̂ and eps in units of the gradient; √v̂ is `gradient` where that was constant. 36,800 for
    (√v̂, eps, β2) = (1, 1e-8, 0.999), 718 for 0.95. Valid after many updates.

    Reference: β2^{j/2} √v̂ = eps.
    """
    return 2 * np.log(np.asarray(gradient, dtype=float) / eps) / -np.log(b2)
