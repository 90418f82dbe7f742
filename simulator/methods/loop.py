from typing import Literal

from ..advantages import LeaveOneOut
from ..parts import NonNegative, part, static
from ..surrogates.gates import Clip
from ..surrogates.reductions import TokenMean
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class LOOP(Regularized):
    """RLOO's advantage, no deviation, and PPO's clip on [1/(1 + clip), 1 + clip].

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1/(1 + clip), 1 + clip) A_i ),   A_i = R_i − mean_{j≠i} R_j

    Reference: arXiv:2502.01600.
    """

    name: Literal["loop"] = static(default="loop")
    clip: NonNegative = 0.1

    def surrogate(self) -> Surrogate:
        return self.product(
            LeaveOneOut(), Clip(clip_low=self.clip / (1.0 + self.clip), clip_high=self.clip), TokenMean()
        )
