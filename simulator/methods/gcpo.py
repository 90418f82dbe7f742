"""GCPO: the likelihood ratio of the whole completion is clipped."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import WholeSequence
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class GCPO(Regularized):
    """One ratio a completion, not normalised by its length: long completions reach the bound sooner.

    J = (1/B) Σ_i min( s_i A_i, clamp(s_i, 1 − clip_low, 1 + clip_high) A_i ),   s_i = π(o_i) / π_behavior(o_i)
    A_i = (R_i − R̄) / (σ + eps)

    Reference: arXiv:2510.07790, as arXiv:2601.05002 has it in its Table 1.
    """

    name: Literal["gcpo"] = static(default="gcpo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=WholeSequence(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
