"""Dr. GRPO: GRPO without its two divisions."""

from __future__ import annotations

from typing import Literal

from ..advantages import GroupMean
from ..parts import NonNegative, Positive, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import ConstantLength
from .base import Regularized


@part
class DrGRPO(Regularized):
    """No deviation under the advantage and no length under the sum: rewards keep their size, tokens their weight.

    J = (1/B) Σ_i (1/length) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i ),   A_i = R_i − R̄

    where `length` is a constant, the environment's longest completion when left out.

    Reference: arXiv:2503.20783.
    """

    name: Literal["dr_grpo"] = static(default="dr_grpo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    length: Positive | None = None

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GroupMean(),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=ConstantLength(length=self.length),
            kl=self.kl,
            entropy=self.entropy,
        )
