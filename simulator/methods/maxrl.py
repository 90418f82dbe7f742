from typing import Literal

from ..advantages import RelativeToMean
from ..parts import NonNegative, part, static
from ..surrogates.reductions import TokenMean
from .base import METHODS, Clipped, Surrogate


@METHODS.add
@part
class MaxRL(Clipped):
    """Dividing by the group's mean makes the gradient that of log p: rare successes count most.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i ),   A_i = (R_i − R̄) / (R̄ + eps)

    where rewards must not be negative; a group whose mean is not positive gets 0.

    Reference: arXiv:2602.02710.
    """

    name: Literal["maxrl"] = static(default="maxrl")
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return self.product(RelativeToMean(eps=self.eps), self.clip, TokenMean())
