"""MaxRL: rewards in units of the success rate."""

from __future__ import annotations

from typing import Literal

from ..advantages import RelativeToMean
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class MaxRL(Regularized):
    """Dividing by the group's mean makes the gradient that of log p: rare successes count most.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i ),   A_i = (R_i − R̄) / (R̄ + eps)

    where rewards must not be negative; a group whose mean is not positive gets 0.

    Reference: arXiv:2602.02710.
    """

    name: Literal["maxrl"] = static(default="maxrl")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=RelativeToMean(eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
