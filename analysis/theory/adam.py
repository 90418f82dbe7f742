"""Adam in closed form: without a gradient, after a reset, when the gradient's size changes."""

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


def scale_jump(n: ArrayLike, j: ArrayLike, factor: ArrayLike, b1: ArrayLike, b2: ArrayLike) -> np.ndarray:
    """The j-th update after a constant gradient has grown by `factor`, in units of the update before.

    u_j = [ β1^j (1 − β1^n) + (1 − β1^j) c ] / (1 − β1^{n+j})
          · √( (1 − β2^{n+j}) / ( β2^j (1 − β2^n) + (1 − β2^j) c² ) )

    where n updates came before the jump and c is `factor`. For n → ∞ both corrections vanish: with c = 5 it peaks at
    3.74 for (0.9, 0.999) and at 1.12 for (0.9, 0.95). Valid while eps is far below √v̂; constant learning rate.
    """
    n, j, c, b1, b2 = (np.asarray(value, dtype=float) for value in (n, j, factor, b1, b2))
    first = (b1**j * (1 - b1**n) + (1 - b1**j) * c) / (1 - b1 ** (n + j))
    second = (b2**j * (1 - b2**n) + (1 - b2**j) * c**2) / (1 - b2 ** (n + j))
    return first / np.sqrt(second)


def adam_elasticity(
    eps: ArrayLike, gradient: ArrayLike, eps_root: ArrayLike = 0.0, weight: ArrayLike = 1.0
) -> np.ndarray:
    """An update g / (√(w g² + eps_root) + eps) follows the gradient's size only as far as the eps count.

    d ln u / d ln g = (eps_root + s eps) / (s (s + eps)),   s = √(w g² + eps_root)

    where g is `gradient` in the units of eps (eps_root in their square) and w its `weight` in the second moment, 1 with
    bias correction. For w = 1 and eps_root = 0 it is κ/(1 + κ) with κ = eps/|g|: 0 is invariance, 1 proportionality.
    Valid for a constant gradient or the first update; for others with √v̂ in place of g where eps_root = 0.

    Reference: arXiv:2601.05002, equation 27, differentiated.
    """
    g, eps, eps_root, weight = (np.asarray(value, dtype=float) for value in (gradient, eps, eps_root, weight))
    s = np.sqrt(weight * g**2 + eps_root)
    return (eps_root + s * eps) / (s * (s + eps))
