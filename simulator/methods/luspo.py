"""LUSPO: GSPO with completions weighted by their length."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Sequence
from ..surrogates.reductions import SequenceSum
from .base import Regularized


@part
class LUSPO(Regularized):
    """GSPO's clip on the completion as a whole, each completion times its length: no bias to short ones.

    J = (1/B) Σ_i L_i min( s_i A_i, clamp(s_i, 1 − clip_low, 1 + clip_high) A_i ),   s_i = exp( (1/L_i) Σ_t log ρ_it )
    A_i = (R_i − R̄) / (σ + eps)

    Reference: arXiv:2602.05261.
    """

    name: Literal["luspo"] = static(default="luspo")
    clip_low: Share = 2e-3
    clip_high: NonNegative = 2.5e-3
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Sequence(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceSum(),
            kl=self.kl,
            entropy=self.entropy,
        )
