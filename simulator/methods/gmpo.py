"""GMPO: the geometric mean of clipped ratios."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Ratio
from ..surrogates.log_ratios import ClippedSequence
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class GMPO(Regularized):
    """Ratios are clipped token by token in the logarithm, then averaged there: one outlier moves the completion little.

    J = (1/B) Σ_i A_i exp( (1/L_i) Σ_t l_it ),   l_it = log ρ_it, held on the side that A_i pushes towards
    A_i = (R_i − R̄) / (σ + eps)

    where `clip_low` and `clip_high` are widths of the *logarithm*.

    Reference: arXiv:2507.20673 (±0.4).
    """

    name: Literal["gmpo"] = static(default="gmpo")
    clip_low: NonNegative = 0.4
    clip_high: NonNegative = 0.4
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=ClippedSequence(clip_low=self.clip_low, clip_high=self.clip_high),
            gate=Ratio(),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
