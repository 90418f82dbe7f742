"""GDPO: every reward source in its own unit."""

from __future__ import annotations

from typing import Literal

from ..advantages import Ddof, PerSource
from ..parts import NonNegative, Share, Vector, part, static
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.reductions import SequenceMean
from .base import Regularized


@part
class GDPO(Regularized):
    """Each source is z-scored by itself before they are added up, so that a large one does not drown the others.

    J = (1/B) Σ_i (1/L_i) Σ_t min( ρ_it A_i, clamp(ρ_it, 1 − clip_low, 1 + clip_high) A_i )
    A_i = (S_i − S̄) / (σ(S) + eps),   S_i = Σ_m weights_m (R_im − R̄_m) / (σ_m + eps)

    where S is whitened over the batch's completions; verl whitens over its tokens (dialects).

    Reference: arXiv:2601.05242.
    """

    name: Literal["gdpo"] = static(default="gdpo")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    weights: Vector | None = None
    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=PerSource(weights=self.weights, ddof=self.ddof, eps=self.eps, whiten_eps=self.eps),
            level=Token(),
            gate=Clip(clip_low=self.clip_low, clip_high=self.clip_high),
            reduction=SequenceMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
