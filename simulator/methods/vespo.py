from typing import Literal

from ..parts import NonNegative, Positive, part, static
from ..surrogates.gates import GammaWeight
from ..surrogates.log_ratios import WholeSequence
from ..surrogates.reductions import TokenMean
from .base import METHODS, Surrogate, ZScored


@METHODS.add
@part
class VESPO(ZScored):
    """The ratio of the whole completion becomes a weight with the shape of a gamma density, in front of log π.

    J = (1/Σ_j L_j) Σ_i Σ_t sg[ s_i^k e^{λ (1 − s_i)} ] A_i log π(o_it),   s_i = Π_t ρ_it
    A_i = (R_i − R̄) / (σ + eps)

    where (k, λ) = (k_pos, lambda_pos) for A_i >= 0, else (k_neg, lambda_neg).

    Reference: arXiv:2602.10693.
    """

    name: Literal["vespo"] = static(default="vespo")
    k_pos: NonNegative = 2.0
    lambda_pos: Positive = 3.0
    k_neg: NonNegative = 3.0
    lambda_neg: Positive = 2.0

    def surrogate(self) -> Surrogate:
        return self.product(
            self.z_scores,
            GammaWeight(k_pos=self.k_pos, lambda_pos=self.lambda_pos, k_neg=self.k_neg, lambda_neg=self.lambda_neg),
            TokenMean(),
            level=WholeSequence(bound=20.0),
        )
