"""DeepSeek-V3.2's GRPO: completions that the policy has left behind are dropped, and the KL is unbiased."""

from __future__ import annotations

from typing import Literal

from ..advantages import GroupMean
from ..parts import NonNegative, Positive, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.filters import OnPolicy
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class DeepSeekV32(Regularized):
    """GRPO without the deviation, with a mask on stale bad completions.

    J = (1/B) Σ_i (M_i/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i ),   A_i = R_i − R̄
    M_i = 0 where A_i < 0 and (1/L_i) Σ_t log(π_behavior/π) > threshold, else 1

    The report adds kl = { coef = …, estimator = "k3", weighted = "token" }: k3 times the ratio. It prints neither coef
    nor threshold; nor do its widths differ from GRPO's here.

    Reference: arXiv:2512.02556.
    """

    name: Literal["deepseek_v32"] = static(default="deepseek_v32")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    threshold: Positive = 1.0

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupMean(),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            filter=OnPolicy(threshold=self.threshold),
            kl=self.kl,
            entropy=self.entropy,
        )
