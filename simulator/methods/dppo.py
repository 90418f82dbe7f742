from typing import Literal

from ..advantages import GroupMean
from ..parts import NonNegative, Positive, part, static
from ..surrogates.gates import Difference
from ..surrogates.reductions import TokenMean
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class DPPO(Regularized):
    """A token is silenced when its probability has moved too far, however large the factor.

    J = (1/Σ_j L_j) Σ_i Σ_t sg[ min(ρ_it, cap) m_it ] A_i log π(o_it),   A_i = R_i − R̄

    where m is the gate's mask: of the probability's difference ("tv") or of a binary KL divergence ("kl"), within the
    radii `low` and `high`.

    Reference: arXiv:2602.04879 (verl `dppo_tv`, `dppo_kl`).
    """

    name: Literal["dppo"] = static(default="dppo")
    divergence: Literal["tv", "kl"] = static(default="tv")
    low: NonNegative = 0.2
    high: NonNegative = 0.2
    cap: Positive = 20.0

    def surrogate(self) -> Surrogate:
        return self.product(
            GroupMean(), Difference(divergence=self.divergence, low=self.low, high=self.high, cap=self.cap), TokenMean()
        )
