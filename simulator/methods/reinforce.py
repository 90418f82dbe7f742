from typing import Literal

from ..advantages import Reward
from ..parts import part, static
from ..surrogates.gates import Score
from ..surrogates.reductions import SequenceSum
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class Reinforce(Regularized):
    """The reward pushes the log-probability of the whole completion: no baseline, no ratio, no clip.

    J = (1/B) Σ_i R_i Σ_t log π(o_it)

    Reference: R. J. Williams, Machine Learning 8, 229–256 (1992).
    """

    name: Literal["reinforce"] = static(default="reinforce")

    def surrogate(self) -> Surrogate:
        return self.product(Reward(), Score(), SequenceSum())
