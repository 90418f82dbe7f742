"""ReMax: the greedy completion is the baseline."""

from __future__ import annotations

from typing import Literal

from simulator.advantages import GreedyBaseline
from simulator.methods.base import Regularized
from simulator.parts import part, static
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import Score
from simulator.surrogates.log_ratios import Token
from simulator.surrogates.reductions import SequenceSum


@part
class ReMax(Regularized):
    """REINFORCE with the reward of the policy's most likely completion as the baseline: a group of one is enough.

    J = (1/B) Σ_i A_i Σ_t log π(o_it),   A_i = R_i − R(greedy completion)

    Reference: arXiv:2310.10505.
    """

    name: Literal["remax"] = static("remax")

    def surrogate(self) -> Surrogate:
        return Surrogate(
            advantage=GreedyBaseline(),
            level=Token(),
            gate=Score(),
            reduction=SequenceSum(),
            kl=self.kl,
            entropy=self.entropy,
        )
