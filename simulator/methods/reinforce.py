"""REINFORCE: the score function's gradient, nothing else."""

from __future__ import annotations

from typing import Literal

from simulator.advantages import Reward
from simulator.methods.base import Regularized
from simulator.parts import part, static
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Score
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import SequenceSum


@part
class Reinforce(Regularized):
    """The reward pushes the log-probability of the whole completion: no baseline, no ratio, no clip.

    J = (1/B) Σ_i R_i Σ_t log π(o_it)

    Reference: R. J. Williams, Machine Learning 8, 229–256 (1992).
    """

    name: Literal["reinforce"] = static("reinforce")

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=Reward(),
            level=Token(),
            gate=Score(),
            reduction=SequenceSum(),
            kl=self.kl,
            entropy=self.entropy,
        )
