"""RLOO: REINFORCE with the other completions as the baseline."""

from __future__ import annotations

from typing import Literal

from ..advantages import LeaveOneOut
from ..parts import part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Score
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceSum
from .base import Regularized


@part
class RLOO(Regularized):
    """Each completion is compared with the mean of the others: an unbiased baseline, no ratio, no clip.

    J = (1/B) Σ_i A_i Σ_t log π(o_it),   A_i = R_i − mean_{j≠i} R_j

    Reference: arXiv:2402.14740.
    """

    name: Literal["rloo"] = static(default="rloo")

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=LeaveOneOut(),
            level=Token(),
            gate=Score(),
            reduction=SequenceSum(),
            kl=self.kl,
            entropy=self.entropy,
        )
