from typing import Literal

from ..parts import NonNegative, Share, part, static
from ..surrogates.log_ratios import Sequence
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class GSPO(ZScored, Clipped):
    """GRPO with one length-normalised ratio a completion: its tokens are clipped together or not at all.

    J = (1/B) Σ_i min( s_i A_i, clamp(s_i, 1 − clip_low, 1 + clip_high) A_i ),   s_i = exp( (1/L_i) Σ_t log ρ_it )
    A_i = (R_i − R̄) / (σ + eps)

    The widths are the paper's: a mean of log-ratios moves far less than each of them.

    Reference: arXiv:2507.18071.
    """

    name: Literal["gspo"] = static(default="gspo")
    clip_low: Share = 3e-4
    clip_high: NonNegative = 4e-4

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, self.clip, SequenceMean(), level=Sequence())
