from typing import Literal

from ..advantages import GreedyBaseline
from ..parts import part, static
from ..surrogates.gates import Score
from ..surrogates.reductions import SequenceSum
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class ReMax(Regularized):
    """REINFORCE with the reward of the policy's most likely completion as the baseline: a group of one is enough.

    J = (1/B) Σ_i A_i Σ_t log π(o_it),   A_i = R_i − R(greedy completion)

    Reference: arXiv:2310.10505.
    """

    name: Literal["remax"] = static(default="remax")

    def surrogate(self) -> Surrogate:
        return self.product(GreedyBaseline(), Score(), SequenceSum())
