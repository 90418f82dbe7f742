"""REINFORCE++-Baseline: the group's mean, then the whole batch's deviation."""

from __future__ import annotations

from typing import Literal

from ..advantages import TokenWhitened
from ..parts import NonNegative, Share, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class ReinforcePlusPlusBaseline(Regularized):
    """Rewards above their group's mean, whitened over all tokens of the batch: prompts keep their relative magnitudes.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (x_i − x̄_tokens) / σ_tokens(x),   x_i = R_i − R̄_group

    The paper adds kl = { estimator = "k2" } to the loss.

    Reference: arXiv:2501.03262.
    """

    name: Literal["reinforce_plus_plus_baseline"] = static(default="reinforce_plus_plus_baseline")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    eps: NonNegative = 1e-8

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=TokenWhitened(centre_groups=True, eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
