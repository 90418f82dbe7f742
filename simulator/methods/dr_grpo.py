from typing import Literal

from ..advantages import GroupMean
from ..parts import Positive, part, static
from ..surrogates.reductions import ConstantLength
from .base import METHODS, Clipped, Surrogate


@METHODS.add
@part
class DrGRPO(Clipped):
    """No deviation under the advantage and no length under the sum: rewards keep their size, tokens their weight.

    J = (1/B) Σ_i (1/length) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i ),   A_i = R_i − R̄

    where `length` is a constant, the environment's longest completion when left out.

    Reference: arXiv:2503.20783.
    """

    name: Literal["dr_grpo"] = static(default="dr_grpo")
    length: Positive | None = None

    def surrogate(self) -> Surrogate:
        return self.product(GroupMean(), self.clip, ConstantLength(length=self.length))
