"""What every named method has: the two regularisers, and the point of the product that it stands for."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..parts import part
from ..surrogates.base import Surrogate
from ..surrogates.regularizers import KL, Entropy


@part
class Regularized:
    """The regularisers that any method can carry; None leaves the term out of the program."""

    kl: KL | None = None
    entropy: Entropy | None = None


@runtime_checkable
class Method(Protocol):
    """A name, the numbers that its users tune, and the surrogate objective that they make."""

    name: str

    def surrogate(self) -> Surrogate:
        """The point of the product."""
