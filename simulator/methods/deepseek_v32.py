from typing import Literal

from ..advantages import GroupMean
from ..parts import Positive, part, static
from ..surrogates.filters import OnPolicy
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate


@METHODS.add
@part
class DeepSeekV32(Clipped):
    """GRPO without the deviation, with a mask on stale bad completions.

    J = (1/B) Σ_i (M_i/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i ),   A_i = R_i − R̄
    M_i = 0 where A_i < 0 and (1/L_i) Σ_t log(π_behavior/π) > threshold, else 1

    The report adds kl = { coef = …, estimator = "k3", weighted = "token" }: k3 times the ratio. It prints neither coef
    nor threshold; nor do its widths differ from GRPO's here.

    Reference: arXiv:2512.02556.
    """

    name: Literal["deepseek_v32"] = static(default="deepseek_v32")
    threshold: Positive = 1.0

    def surrogate(self) -> Surrogate:
        return self.product(GroupMean(), self.clip, SequenceMean(), filter=OnPolicy(threshold=self.threshold))
