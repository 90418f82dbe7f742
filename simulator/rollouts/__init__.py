"""Where rollouts come from: drawn from the policy, fixed by the scenario, or recorded from elsewhere."""

from simulator.rollouts.drawn import Fixed, Sampled
from simulator.rollouts.recorded import Recorded
from simulator.rollouts.walking import greedy_rewards, unroll

__all__ = ["Fixed", "Recorded", "Sampled", "greedy_rewards", "unroll"]
