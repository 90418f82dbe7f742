from typing import Literal

from ..parts import NonNegative, Share, part, static
from ..surrogates.gates import TwoSidedClip
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class ABCGRPO(ZScored, Clipped):
    """Outside the band there is no gradient whatever the sign, so nothing pushes a ratio back into it.

    J = (1/B) Σ_i (1/L_i) Σ_t clamp(ρ_it, 1 − low, 1 + high) A_i
    A_i = (R_i − R̄) / (σ + eps)

    where (low, high) are (clip_low, clip_high) for A_i > 0, else (negative_low, negative_high).

    Reference: arXiv:2601.03895.
    """

    name: Literal["abc_grpo"] = static(default="abc_grpo")
    negative_low: Share = 0.2
    negative_high: NonNegative = 0.2

    def surrogate(self) -> Surrogate:
        return self.product(
            self.z_scores,
            TwoSidedClip(
                clip_low=self.clip_low,
                clip_high=self.clip_high,
                negative_low=self.negative_low,
                negative_high=self.negative_high,
            ),
            SequenceMean(),
        )
