from typing import Literal

from ..parts import Positive, part, static
from ..surrogates.gates import Sigmoid
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Surrogate, ZScored


@METHODS.add
@part
class SAPO(ZScored):
    """Tokens whose ratio has moved fade out smoothly, sooner where the advantage is negative.

    J = (1/B) Σ_i (1/L_i) Σ_t (4/τ) σ(τ (ρ_it − 1)) A_i,   τ = temperature_pos where A_i > 0, else temperature_neg
    A_i = (R_i − R̄) / (σ + eps)

    Reference: arXiv:2511.20347.
    """

    name: Literal["sapo"] = static(default="sapo")
    temperature_pos: Positive = 1.0
    temperature_neg: Positive = 1.05

    def surrogate(self) -> Surrogate:
        return self.product(
            self.z_scores,
            Sigmoid(temperature_pos=self.temperature_pos, temperature_neg=self.temperature_neg),
            SequenceMean(),
        )
