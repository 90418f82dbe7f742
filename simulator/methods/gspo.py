"""GSPO: the clip acts on the completion as a whole."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Sequence
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class GSPO(Regularized):
    """GRPO with one length-normalised ratio a completion: its tokens are clipped together or not at all.

    J = (1/B) Σ_i min( s_i A_i, clamp(s_i, 1 − clip_low, 1 + clip_high) A_i ),   s_i = exp( (1/L_i) Σ_t log ρ_it )
    A_i = (R_i − R̄) / (σ + eps)

    The widths are the paper's: a mean of log-ratios moves far less than each of them.

    Reference: arXiv:2507.18071.
    """

    name: Literal["gspo"] = static(default="gspo")
    clip_low: Share = 3e-4
    clip_high: NonNegative = 4e-4
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Sequence(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
