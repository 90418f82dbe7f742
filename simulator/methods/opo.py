from typing import Literal

from ..advantages import LengthWeighted
from ..parts import part, static
from ..surrogates.gates import Score
from ..surrogates.reductions import SequenceSum
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class OPO(Regularized):
    """Exactly on-policy training: rewards above the group's length-weighted mean push log π.

    J = (1/B) Σ_i A_i Σ_t log π(o_it),   A_i = R_i − Σ_j L_j R_j / Σ_j L_j

    Reference: arXiv:2505.23585.
    """

    name: Literal["opo"] = static(default="opo")

    def surrogate(self) -> Surrogate:
        return self.product(LengthWeighted(), Score(), SequenceSum())
