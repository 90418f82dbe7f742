from typing import Literal

from ..parts import NonNegative, part, static
from ..surrogates.filters import LargeAdvantages
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class CPPO(ZScored, Clipped):
    """GRPO on the completions with a large advantage alone.

    J = (1/B) Σ_i 1{|A_i| > threshold} (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄) / (σ + eps)

    The paper adds the k3 penalty of GRPO; here kl says so. B counts all completions, the dropped ones too.

    Reference: arXiv:2503.22342.
    """

    name: Literal["cppo"] = static(default="cppo")
    threshold: NonNegative = 0.5

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, self.clip, SequenceMean(), filter=LargeAdvantages(threshold=self.threshold))
