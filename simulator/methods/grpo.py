from typing import Literal

from ..parts import part, static
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class GRPO(ZScored, Clipped):
    """Group z-scores replace the critic; every completion weighs the same, so its tokens weigh 1/length.

    J = (1/B) Σ_i (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄) / (σ + eps)

    The paper adds kl = { coef = 0.04, estimator = "k3" }; today's trainers leave it out, and so does the default.

    Reference: arXiv:2402.03300.
    """

    name: Literal["grpo"] = static(default="grpo")

    def surrogate(self) -> Surrogate:
        return self.product(self.z_scores, self.clip, SequenceMean())
