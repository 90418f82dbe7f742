"""LOOP: leave-one-out rewards under a clip that is symmetric in the logarithm."""

from __future__ import annotations

from typing import Literal

from ..advantages import LeaveOneOut
from ..parts import NonNegative, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import TokenMean
from .base import Regularized


@part
class LOOP(Regularized):
    """RLOO's advantage, no deviation, and PPO's clip on [1/(1 + clip), 1 + clip].

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1/(1 + clip), 1 + clip) A_i ),   A_i = R_i − mean_{j≠i} R_j

    Reference: arXiv:2502.01600.
    """

    name: Literal["loop"] = static(default="loop")
    clip: NonNegative = 0.1

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=LeaveOneOut(),
            level=Token(),
            gate=Clip(clip_low=self.clip / (1.0 + self.clip), clip_high=self.clip),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
