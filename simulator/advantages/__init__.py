"""From rewards to advantages: what a completion is compared with, and in which unit.

Every part is called with what it `reads` of a rollout (`rewards [P, G]`, their `sources [P, G, M]`, the completions'
`lengths [P, G]`, the rewards of `greedy [P]` completions) and returns advantages `[P, G]`. `needs_group` says that a
group of one means nothing, `own_group` that other groups do not count. Where an advantage is linear in the rewards,
`given_reward` is its mean over the rest of the group.
"""

from __future__ import annotations

from typing import Annotated, Any

from ..parts import Family
from .across_groups import BatchZScore, PerSource, SignalRescaled, TokenWhitened
from .within_group import (
    BestOfGroup,
    Ddof,
    GreedyBaseline,
    GroupMean,
    GroupZScore,
    LeaveOneOut,
    LengthWeighted,
    Recentred,
    RelativeToMean,
    Reward,
)

ADVANTAGES = Family(
    "advantage",
    "kind",
    [
        Reward,
        GroupMean,
        GroupZScore,
        LeaveOneOut,
        BatchZScore,
        PerSource,
        LengthWeighted,
        Recentred,
        RelativeToMean,
        BestOfGroup,
        TokenWhitened,
        SignalRescaled,
        GreedyBaseline,
    ],
)
Advantage = Annotated[Any, ADVANTAGES]

__all__ = [
    "ADVANTAGES",
    "Advantage",
    "BatchZScore",
    "BestOfGroup",
    "Ddof",
    "GreedyBaseline",
    "GroupMean",
    "GroupZScore",
    "LeaveOneOut",
    "LengthWeighted",
    "PerSource",
    "Recentred",
    "RelativeToMean",
    "Reward",
    "SignalRescaled",
    "TokenWhitened",
]
