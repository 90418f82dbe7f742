from typing import Literal

from ..advantages import TokenWhitened
from ..parts import NonNegative, part, static
from ..surrogates.reductions import TokenMean
from .base import METHODS, Clipped, Surrogate


@METHODS.add
@part
class ReinforcePlusPlus(Clipped):
    """No groups: a reward counts against the mean over all tokens of the batch, in units of their deviation.

    J = (1/Σ_j L_j) Σ_i Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (R_i − R̄_tokens) / σ_tokens

    The paper puts k1 into the reward, token by token, and discounts; here the reward is the outcome's, undiscounted.

    Reference: arXiv:2501.03262.
    """

    name: Literal["reinforce_plus_plus"] = static(default="reinforce_plus_plus")
    eps: NonNegative = 1e-8

    def surrogate(self) -> Surrogate:
        return self.product(TokenWhitened(eps=self.eps), self.clip, TokenMean())
