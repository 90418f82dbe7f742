"""GPG: the policy gradient, made larger where the batch says little."""

from __future__ import annotations

from typing import Literal

from simulator.advantages import SignalRescaled
from simulator.methods.base import Regularized
from simulator.parts import Positive, part, static
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Score
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import TokenMean


@part
class GPG(Regularized):
    """No ratio, no clip, no reference: rewards above the group's mean push log π, rescaled by the share of signal.

    J = (1/Σ_j L_j) Σ_i Σ_t A_i log π(o_it),   A_i = B/n · (R_i − R̄) / norm

    where n counts the completions of groups whose rewards differ, `norm` is the paper's F_norm.

    Reference: arXiv:2504.02546.
    """

    name: Literal["gpg"] = static("gpg")
    norm: Positive = 1.0

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=SignalRescaled(norm=self.norm),
            level=Token(),
            gate=Score(),
            reduction=TokenMean(),
            kl=self.kl,
            entropy=self.entropy,
        )
