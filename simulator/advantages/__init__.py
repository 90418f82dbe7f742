"""From rewards to advantages: what a completion is compared with, and in which unit.

Every part is called with what it `reads` of a rollout (`rewards [P, G]`, their `sources [P, G, M]`, the completions'
`lengths [P, G]`, the rewards of `greedy [P]` completions) and returns advantages `[P, G]`. `needs_group` says that a
group of one means nothing, `own_group` that other groups do not count. Where an advantage is linear in the rewards,
`given_reward` is its mean over the rest of the group.
"""

from .base import ADVANTAGES as ADVANTAGES
from .base import Advantage as Advantage
from .within_group import BestOfGroup as BestOfGroup
from .within_group import Ddof as Ddof
from .within_group import GreedyBaseline as GreedyBaseline
from .within_group import GroupMean as GroupMean
from .within_group import GroupZScore as GroupZScore
from .within_group import LeaveOneOut as LeaveOneOut
from .within_group import LengthWeighted as LengthWeighted
from .within_group import Recentred as Recentred
from .within_group import RelativeToMean as RelativeToMean
from .within_group import Reward as Reward
from .across_groups import BatchZScore as BatchZScore
from .across_groups import PerSource as PerSource
from .across_groups import SignalRescaled as SignalRescaled
from .across_groups import TokenWhitened as TokenWhitened
