from typing import Literal

from ..advantages import LeaveOneOut
from ..parts import part, static
from ..surrogates.gates import Score
from ..surrogates.reductions import SequenceSum
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class RLOO(Regularized):
    """Each completion is compared with the mean of the others: an unbiased baseline, no ratio, no clip.

    J = (1/B) Σ_i A_i Σ_t log π(o_it),   A_i = R_i − mean_{j≠i} R_j

    Reference: arXiv:2402.14740.
    """

    name: Literal["rloo"] = static(default="rloo")

    def surrogate(self) -> Surrogate:
        return self.product(LeaveOneOut(), Score(), SequenceSum())
