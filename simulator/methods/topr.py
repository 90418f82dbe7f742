"""TOPR: bad completions push only as far as the policy still says them."""

from __future__ import annotations

from typing import Literal

from ..advantages import Reward
from ..parts import Positive, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import TaperedWeight
from ..surrogates.log_ratios import WholeSequence
from ..surrogates.reductions import SequenceSum
from .base import Regularized


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
        return Surrogate(
            advantage=Reward(),
            level=WholeSequence(),
            gate=TaperedWeight(cap=self.cap),
            reduction=SequenceSum(),
            kl=self.kl,
            entropy=self.entropy,
        )
