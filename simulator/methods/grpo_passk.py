from typing import Literal

from ..advantages import BestOfGroup
from ..parts import part, static
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class GRPOPassK(ZScored, Clipped):
    """The best completion is pushed by how much it is better than the second best, all others not at all.

    J = (1/B) Σ_i (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_(1) − R_(2)) / (σ + eps) for the best completion, else 0

    Reference: arXiv:2503.19595.
    """

    name: Literal["grpo_passk"] = static(default="grpo_passk")

    def surrogate(self) -> Surrogate:
        return self.product(BestOfGroup(ddof=self.ddof, eps=self.eps), self.clip, SequenceMean())
