from typing import Literal

from ..advantages import Reward
from ..parts import Positive, part, static
from ..surrogates.gates import TaperedWeight
from ..surrogates.log_ratios import WholeSequence
from ..surrogates.reductions import SequenceSum
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class TOPR(Regularized):
    """Positive advantages push without a ratio, negative ones with the completion's ratio, tapered at `cap`.

    J = (1/B) Σ_i sg[ w_i ] A_i Σ_t log π(o_it),   w_i = 1 where A_i >= 0, min(s_i, cap) where A_i < 0,   s_i = Π_t ρ_it

    where A_i = R_i: the paper's rewards are ±1, and it has no baseline unless one is subtracted.

    Reference: arXiv:2503.14286.
    """

    name: Literal["topr"] = static(default="topr")
    cap: Positive = 1.0

    def surrogate(self) -> Surrogate:
        return self.product(Reward(), TaperedWeight(cap=self.cap), SequenceSum(), level=WholeSequence())
