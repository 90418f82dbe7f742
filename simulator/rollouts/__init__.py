"""Where rollouts come from: drawn from the policy, fixed by the scenario, or recorded from elsewhere."""

from .drawn import Fixed, Sampled
from .recorded import Recorded
from .walking import greedy_rewards, unroll

__all__ = ["Fixed", "Recorded", "Sampled", "greedy_rewards", "unroll"]
