from typing import Literal

from ..advantages import PerSource
from ..parts import Vector, part, static
from ..surrogates.reductions import SequenceMean
from .base import METHODS, Clipped, Surrogate, ZScored


@METHODS.add
@part
class GDPO(ZScored, Clipped):
    """Each source is z-scored by itself before they are added up, so that a large one does not drown the others.

    J = (1/B) Σ_i (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (S_i − S̄) / (σ(S) + eps),   S_i = Σ_m weights_m (R_im − R̄_m) / (σ_m + eps)

    where S is whitened over the batch's completions; verl whitens over its tokens (dialects).

    Reference: arXiv:2601.05242.
    """

    name: Literal["gdpo"] = static(default="gdpo")
    weights: Vector | None = None

    def surrogate(self) -> Surrogate:
        return self.product(
            PerSource(weights=self.weights, ddof=self.ddof, eps=self.eps, whiten_eps=self.eps),
            self.clip,
            SequenceMean(),
        )
