"""LOOP: leave-one-out rewards under a clip that is symmetric in the logarithm."""

from __future__ import annotations

from typing import Literal

from simulator.advantages import LeaveOneOut
from simulator.methods.base import Regularized
from simulator.parts import NonNegative, part, static
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Clip
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import TokenMean


@part
class LOOP(Regularized):
    """RLOO's advantage, no deviation, and PPO's clip on [1/(1 + clip), 1 + clip].

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1/(1 + clip), 1 + clip) A_i ),   A_i = R_i − mean_{j≠i} R_j

    Reference: arXiv:2502.01600.
    """

    name: Literal["loop"] = static("loop")
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
