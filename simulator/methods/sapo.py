"""SAPO: a sigmoid in place of the clip."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Positive, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Sigmoid
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class SAPO(Regularized):
    """Tokens whose ratio has moved fade out smoothly, sooner where the advantage is negative.

    J = (1/B) Σ_i (1/L_i) Σ_t (4/τ) σ(τ (ρ_it − 1)) A_i,   τ = temperature_pos where A_i > 0, else temperature_neg
    A_i = (R_i − R̄) / (σ + eps)

    Reference: arXiv:2511.20347.
    """

    name: Literal["sapo"] = static(default="sapo")
    temperature_pos: Positive = 1.0
    temperature_neg: Positive = 1.05
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=Sigmoid(temperature_pos=self.temperature_pos, temperature_neg=self.temperature_neg),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
