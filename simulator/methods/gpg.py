from typing import Literal

from ..advantages import SignalRescaled
from ..parts import Positive, part, static
from ..surrogates.gates import Score
from ..surrogates.reductions import TokenMean
from .base import METHODS, Regularized, Surrogate


@METHODS.add
@part
class GPG(Regularized):
    """No ratio, no clip, no reference: rewards above the group's mean push log π, rescaled by the share of signal.

    J = (1/Σ_j L_j) Σ_i Σ_t A_i log π(o_it),   A_i = B/n · (R_i − R̄) / norm

    where n counts the completions of groups whose rewards differ, `norm` is the paper's F_norm.

    Reference: arXiv:2504.02546.
    """

    name: Literal["gpg"] = static(default="gpg")
    norm: Positive = 1.0

    def surrogate(self) -> Surrogate:
        return self.product(SignalRescaled(norm=self.norm), Score(), TokenMean())
