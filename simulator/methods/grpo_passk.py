"""GRPO for Pass@k: only the best of the group counts."""

from __future__ import annotations

from typing import Literal

from ..advantages import BestOfGroup, Ddof
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class GRPOPassK(Regularized):
    """The best completion is pushed by how much it is better than the second best, all others not at all.

    J = (1/B) Σ_i (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_(1) − R_(2)) / (σ + eps) for the best completion, else 0

    Reference: arXiv:2503.19595.
    """

    name: Literal["grpo_passk"] = static(default="grpo_passk")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=BestOfGroup(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
