"""CISPO: the importance weight is capped, the gradient never is."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Positive, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import TruncatedWeight
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class CISPO(Regularized):
    """A capped weight in front of log π: tokens beyond the cap keep pushing.

    J = (1/Σ_j L_j) Σ_i Σ_t sg[ min(ρ_it, cap) ] A_i log π(o_it),   A_i = (R_i − R̄) / (σ + eps)

    `cap` bounds the ratio itself; the paper does not print its value, 5.0 is the one that TRL's docs recommend.

    Reference: arXiv:2506.13585.
    """

    name: Literal["cispo"] = static(default="cispo")
    cap: Positive = 5.0
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=TruncatedWeight(cap=self.cap),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
