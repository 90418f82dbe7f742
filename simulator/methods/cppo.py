"""CPPO: completions that say little are not trained on."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.filters import LargeAdvantages
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class CPPO(Regularized):
    """GRPO on the completions with a large advantage alone.

    J = (1/B) Σ_i 1{|A_i| > threshold} (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄) / (σ + eps)

    The paper adds the k3 penalty of GRPO; here kl says so. B counts all completions, the dropped ones too.

    Reference: arXiv:2503.22342.
    """

    name: Literal["cppo"] = static(default="cppo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    threshold: NonNegative = 0.5
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            filter=LargeAdvantages(threshold=self.threshold),
            kl=self.kl,
            entropy=self.entropy,
        )
