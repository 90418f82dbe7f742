"""Gates: from a ratio and an advantage to the objective, and how hard that pushes.

A gate's *score weight* is the derivative of its objective by the log-probability: at ratio 1 it is the advantage. A
gate is called with the level's log-ratios, the tokens' log-probabilities and the advantages.

    through_level   the gradient goes through the level's ratio; else the ratio is a weight without a gradient of its
                    own, and the gradient goes through each token's log π
    cuts            the gate can make a gradient exactly zero; `clipped` says where: (low, high, dual)
    band            the ratios outside which it does so, where those are the same for all tokens with one sign of the
                    advantage; None for a gate without such bounds
"""

from __future__ import annotations

from typing import Annotated, Any

from ...parts import Family
from .clips import Clip, TwoSidedClip
from .differences import Difference
from .restoring import Restoring
from .smooth import GammaWeight, Sigmoid
from .weights import BoundedClip, Ratio, Score, TaperedWeight, TruncatedWeight

GATES = Family(
    "gate",
    "kind",
    [
        Score,
        Ratio,
        Clip,
        TwoSidedClip,
        BoundedClip,
        TruncatedWeight,
        TaperedWeight,
        Sigmoid,
        GammaWeight,
        Difference,
        Restoring,
    ],
)
Gate = Annotated[Any, GATES]

__all__ = [
    "GATES",
    "BoundedClip",
    "Clip",
    "Difference",
    "GammaWeight",
    "Gate",
    "Ratio",
    "Restoring",
    "Score",
    "Sigmoid",
    "TaperedWeight",
    "TruncatedWeight",
    "TwoSidedClip",
]
