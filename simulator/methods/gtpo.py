from typing import Literal

from ..advantages import GroupMean
from ..parts import NonNegative, part, static
from ..surrogates.filters import Conflicts
from ..surrogates.gates import Score
from ..surrogates.reductions import SequenceMean
from ..surrogates.regularizers import Entropy
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class GTPO(Regularized):
    """No ratio and no clip: conflicting tokens are pushed by good completions alone, uncertain ones are left out.

    J = (1/B) Σ_i (δ_i/L_i) Σ_t λ_it (A_i − γ H̄_i) log π(o_it),   A_i = R_i − R̄

    where λ and δ are those of the filter `conflicts`, and γ the certainty coefficient: the mean entropy H̄_i of a
    completion counts against it. An `entropy` of one's own replaces it.

    Reference: Simoni et al., arXiv:2508.03772 (γ = 0.1, δ at 0.7 in its code).
    """

    name: Literal["gtpo"] = static(default="gtpo")
    gamma: NonNegative = 0.1
    most_entropy: NonNegative | None = 0.7

    def surrogate(self) -> Surrogate:
        return self.product(
            GroupMean(),
            Score(),
            SequenceMean(),
            filter=Conflicts(most_entropy=self.most_entropy),
            entropy=Entropy(coef=-self.gamma, gradient="score") if self.entropy is None else self.entropy,
        )
