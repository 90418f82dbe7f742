from typing import Literal

from ..advantages import GroupMean
from ..parts import Positive, part, static
from ..surrogates.gates import Restoring
from ..surrogates.log_ratios import WholeSequence
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class OPMD(Regularized):
    """The further the policy has moved, the harder it is pulled back to the one that said the completion.

    J = (1/B) Σ_i [ A_i log s_i − ½ coef (log s_i)² ],   s_i = Π_t ρ_it,   A_i = R_i − R̄

    where coef is the paper's τ (0.1 in ROLL's `kimi15`). verl's `dro` has the same form token by token.

    Reference: arXiv:2501.12599.
    """

    name: Literal["opmd"] = static(default="opmd")
    coef: Positive = 0.1

    def surrogate(self) -> Surrogate:
        return self.product(GroupMean(), Restoring(coef=self.coef), SequenceMean(), level=WholeSequence())
