from typing import Literal

from ..parts import Positive, part, static
from ..surrogates.gates import TruncatedWeight
from ..surrogates.reductions import TokenMean
from .base import METHODS, Surrogate, ZScored


@METHODS.add
@part
class CISPO(ZScored):
    """A capped weight in front of log π: tokens beyond the cap keep pushing.

    J = (1/Σ_j L_j) Σ_i Σ_t sg[ min(ρ_it, cap) ] A_i log π(o_it),   A_i = (R_i − R̄) / (σ + eps)

    `cap` bounds the ratio itself; the paper does not print its value, 5.0 is the one that TRL's docs recommend.

    Reference: arXiv:2506.13585.
    """

    name: Literal["cispo"] = static(default="cispo")
    cap: Positive = 5.0

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, TruncatedWeight(cap=self.cap), TokenMean())
