"""OPO: the baseline of least variance, and no clip."""

from __future__ import annotations

from typing import Literal

from ..advantages import LengthWeighted
from ..parts import part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Score
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceSum
from .base import Regularized


@part
class OPO(Regularized):
    """Exactly on-policy training: rewards above the group's length-weighted mean push log π.

    J = (1/B) Σ_i A_i Σ_t log π(o_it),   A_i = R_i − Σ_j L_j R_j / Σ_j L_j

    Reference: arXiv:2505.23585.
    """

    name: Literal["opo"] = static(default="opo")

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=LengthWeighted(),
            level=Token(),
            gate=Score(),
            reduction=SequenceSum(),
            kl=self.kl,
            entropy=self.entropy,
        )
