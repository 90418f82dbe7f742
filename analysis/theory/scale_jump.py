"""How Adam answers when the size of the gradient changes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


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


def largest_step(b1: ArrayLike, b2: ArrayLike) -> np.ndarray:
    """The bound on Adam's step, in learning rates, over all sequences of gradients; 1 is its step on a constant one.

    |u| ≤ (1 − β1) / ( √(1 − β2) √(1 − β1²/β2) ),   for β1² < β2

    7.27 for (0.9, 0.999), 1.165 for (0.9, 0.95). Valid in the limit of many updates, eps negligible.

    Reference: Cauchy–Schwarz on Σ (1−β1) β1^s g_s against √( Σ (1−β2) β2^s g_s² ).
    """
    b1, b2 = np.asarray(b1, dtype=float), np.asarray(b2, dtype=float)
    return (1 - b1) / (np.sqrt(1 - b2) * np.sqrt(1 - b1**2 / b2))
