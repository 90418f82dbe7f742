"""GRPO: z-scored rewards, PPO's clip, the mean of each completion's mean."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, GroupZScore
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class GRPO(Regularized):
    """Group z-scores replace the critic; every completion weighs the same, so its tokens weigh 1/length.

    J = (1/B) Σ_i (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄) / (σ + eps)

    The paper adds kl = { coef = 0.04, estimator = "k3" }; today's trainers leave it out, and so does the default.

    Reference: arXiv:2402.03300.
    """

    name: Literal["grpo"] = static(default="grpo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupZScore(ddof=self.ddof, eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
