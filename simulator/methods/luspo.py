from typing import Literal

from ..parts import NonNegative, Share, part, static
from ..surrogates.log_ratios import Sequence
from ..surrogates.reductions import SequenceSum
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class LUSPO(ZScored, Clipped):
    """GSPO's clip on the completion as a whole, each completion times its length: no bias to short ones.

    J = (1/B) Σ_i L_i min( s_i A_i, clamp(s_i, 1 − clip_low, 1 + clip_high) A_i ),   s_i = exp( (1/L_i) Σ_t log ρ_it )
    A_i = (R_i − R̄) / (σ + eps)

    Reference: arXiv:2602.05261.
    """

    name: Literal["luspo"] = static(default="luspo")
    clip_low: Share = 2e-3
    clip_high: NonNegative = 2.5e-3

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, self.clip, SequenceSum(), level=Sequence())
