from typing import Literal

from ..parts import part, static
from ..surrogates.log_ratios import WholeSequence
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class GCPO(ZScored, Clipped):
    """One ratio a completion, not normalised by its length: long completions reach the bound sooner.

    J = (1/B) Σ_i min( s_i A_i, clamp(s_i, 1 − clip_low, 1 + clip_high) A_i ),   s_i = π(o_i) / π_behavior(o_i)
    A_i = (R_i − R̄) / (σ + eps)

    Reference: arXiv:2510.07790, as arXiv:2601.05002 has it in its Table 1.
    """

    name: Literal["gcpo"] = static(default="gcpo")

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, self.clip, SequenceMean(), level=WholeSequence())
