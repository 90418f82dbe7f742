from typing import Literal

from ..parts import NonNegative, part, static
from ..surrogates.reductions import TokenMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class DAPO(ZScored, Clipped):
    """GRPO with separate clip widths and the mean over all tokens of the batch.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄) / (σ + eps)

    Not simulated: the paper's resampling of groups without signal (here they stay, with advantage 0) and its
    penalty on overlong completions.

    Reference: arXiv:2503.14476.
    """

    name: Literal["dapo"] = static(default="dapo")
    clip_high: NonNegative = 0.28

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, self.clip, TokenMean())
