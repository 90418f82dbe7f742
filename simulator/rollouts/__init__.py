"""Where rollouts come from: drawn from the policy, fixed by the scenario, or recorded from elsewhere."""

from ..parts import Family
from .drawn import Fixed, Sampled
from .recorded import Recorded
from .walking import greedy_rewards, unroll

ROLLOUTS = Family("rollout source", "kind", [Sampled, Fixed], "rollouts")

__all__ = ["ROLLOUTS", "Fixed", "Recorded", "Sampled", "greedy_rewards", "unroll"]
