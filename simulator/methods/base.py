"""What every named method has: its two regularisers, and the point of the product that it stands for."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from ..advantages import Ddof, GroupZScore
from ..parts import Family, NonNegative, Share, part
from ..surrogates.base import Surrogate
from ..surrogates.gates import Clip
from ..surrogates.log_ratios import Token
from ..surrogates.regularizers import KL, Entropy

METHODS = Family("method", "name")


@runtime_checkable
class Method(Protocol):
    """A name, the numbers that its users tune, and the surrogate objective that they make."""

    name: str

    def surrogate(self) -> Surrogate:
        """Return the point of the product."""


@part
class Regularized:
    """The regularisers that any method can carry; None leaves the term out of the program.

    A method adds its name, the numbers that its users tune, and `surrogate`.
    """

    kl: KL | None = None
    entropy: Entropy | None = None

    def product(self, advantage: Any, gate: Any, reduction: Any, **more: Any) -> Surrogate:
        """Return the point with these factors and the method's own regularisers, at the tokens' own ratios.

        `more` replaces the level or a regulariser, or adds a filter.
        """
        factors = {"level": Token(), "kl": self.kl, "entropy": self.entropy, **more}
        return Surrogate(advantage=advantage, gate=gate, reduction=reduction, **factors)


@part
class ZScored(Regularized):
    """A method whose advantage is the reward's z-score in its group: (R_i − R̄) / (σ + eps)."""

    ddof: Ddof = 1
    eps: NonNegative = 1e-6

    @property
    def z_scores(self) -> GroupZScore:
        return GroupZScore(ddof=self.ddof, eps=self.eps)


@part
class Clipped(Regularized):
    """A method that holds the ratio in [1 − clip_low, 1 + clip_high]."""

    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2

    @property
    def clip(self) -> Clip:
        return Clip(clip_low=self.clip_low, clip_high=self.clip_high)
