from __future__ import annotations

from typing import Literal

from ..advantages import TokenWhitened
from ..parts import NonNegative, part, static
from ..surrogates.reductions import TokenMean
from .base import METHODS, Clipped, Surrogate


@METHODS.add
@part
class ReinforcePlusPlusBaseline(Clipped):
    """Rewards above their group's mean, whitened over all tokens of the batch: prompts keep their relative magnitudes.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (x_i − x̄_tokens) / σ_tokens(x),   x_i = R_i − R̄_group

    The paper adds kl = { estimator = "k2" } to the loss.

    Reference: arXiv:2501.03262.
    """

    name: Literal["reinforce_plus_plus_baseline"] = static(default="reinforce_plus_plus_baseline")
    eps: NonNegative = 1e-8

    def surrogate(self) -> Surrogate:
        return self.product(TokenWhitened(centre_groups=True, eps=self.eps), self.clip, TokenMean())
