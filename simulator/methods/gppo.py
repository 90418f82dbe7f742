"""GPPO: clipped tokens keep the gradient that they had at the bound."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import BoundedClip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class GPPO(Regularized):
    """PPO's clip bounds the push and does not end it.

    J = (1/Σ_j L_j) Σ_i Σ_t sg[ w_it ] A_i log π(o_it),   A_i = (R_i − R̄) / (σ + eps)
    w_it = min(ρ_it, 1 + clip_high) where A_i > 0, else max(ρ_it, 1 − clip_low)

    After the paper's abstract; the wording of its formula is unverified.

    Reference: arXiv:2508.07629.
    """

    name: Literal["gppo"] = static(default="gppo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.28
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=BoundedClip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
