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
