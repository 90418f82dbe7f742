from typing import Literal

from ..parts import Positive, part, static
from ..surrogates.gates import Restoring
from ..surrogates.reductions import TokenMean
from .base import METHODS, Surrogate, ZScored


@METHODS.add
@part
class DRO(ZScored):
    """The score function's push, and a spring on each token's log-ratio.

    J = (1/Σ_j L_j) Σ_i Σ_t [ A_i log ρ_it − ½ coef (log ρ_it)² ],   A_i = (R_i − R̄) / (σ + eps)

    where coef is verl's `dro_beta`, which has no default.

    Reference: verl `dro`; the paper behind it is arXiv:2405.19107 (unverified).
    """

    name: Literal["dro"] = static(default="dro")
    coef: Positive = 0.1

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, Restoring(coef=self.coef), TokenMean())
