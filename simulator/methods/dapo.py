"""DAPO: a wider upper clip, and every token of the batch weighs the same."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class DAPO(Regularized):
    """GRPO with separate clip widths and the mean over all tokens of the batch.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄) / (σ + eps)

    Not simulated: the paper's resampling of groups without signal (here they stay, with advantage 0) and its
    penalty on overlong completions.

    Reference: arXiv:2503.14476.
    """

    name: Literal["dapo"] = static(default="dapo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.28
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
