from typing import Literal

from ..parts import NonNegative, part, static
from ..surrogates.gates import Ratio
from ..surrogates.log_ratios import ClippedSequence
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Surrogate, ZScored


@METHODS.add
@part
class GMPO(ZScored):
    """Ratios are clipped token by token in the logarithm, then averaged there: one outlier moves the completion little.

    J = (1/B) Σ_i A_i exp( (1/L_i) Σ_t l_it ),   l_it = log ρ_it, held on the side that A_i pushes towards
    A_i = (R_i − R̄) / (σ + eps)

    where `clip_low` and `clip_high` are widths of the *logarithm*.

    Reference: arXiv:2507.20673 (±0.4).
    """

    name: Literal["gmpo"] = static(default="gmpo")
    clip_low: NonNegative = 0.4
    clip_high: NonNegative = 0.4

    def surrogate(self) -> Surrogate:
        return self.product(
            self.z_scores,
            Ratio(),
            SequenceMean(),
            level=ClippedSequence(clip_low=self.clip_low, clip_high=self.clip_high),
        )
