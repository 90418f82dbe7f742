from typing import Literal

from ..parts import NonNegative, part, static
from ..surrogates.gates import BoundedClip
from ..surrogates.reductions import TokenMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class GPPO(ZScored, Clipped):
    """PPO's clip bounds the push and does not end it.

    J = (1/Σ_j L_j) Σ_i Σ_t sg[ w_it ] A_i log π(o_it),   A_i = (R_i − R̄) / (σ + eps)
    w_it = min(ρ_it, 1 + clip_high) where A_i > 0, else max(ρ_it, 1 − clip_low)

    After the paper's abstract; the wording of its formula is unverified.

    Reference: arXiv:2508.07629.
    """

    name: Literal["gppo"] = static(default="gppo")
    clip_high: NonNegative = 0.28

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, BoundedClip(clip_low=self.clip_low, clip_high=self.clip_high), TokenMean())
