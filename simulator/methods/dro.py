"""DRO: the quadratic penalty on the log-ratio, token by token."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Positive, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Restoring
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class DRO(Regularized):
    """The score function's push, and a spring on each token's log-ratio.

    J = (1/Σ_j L_j) Σ_i Σ_t [ A_i log ρ_it − ½ coef (log ρ_it)² ],   A_i = (R_i − R̄) / (σ + eps)

    where coef is verl's `dro_beta`, which has no default.

    Reference: verl `dro`; the paper behind it is arXiv:2405.19107 (unverified).
    """

    name: Literal["dro"] = static(default="dro")
    coef: Positive = 0.1
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=Restoring(coef=self.coef),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
