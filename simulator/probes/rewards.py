"""What the completions earned, and what the policy would earn on average."""

from __future__ import annotations

from .. import exact
from ..lazy import Array, jnp
from .base import PROBES, SHARE, SIZE, Metric
from .context import StepContext


@PROBES.add(
    Metric("reward/mean", "mean reward of the rollout's completions", "rollout"),
    Metric("reward/std", "deviation of those rewards over the whole batch (ddof 0)", "rollout", "mean", SIZE),
    Metric("group/zero_std", "share of groups whose rewards are all equal: no signal", "rollout", "mean", SHARE),
)
def reward(step: StepContext) -> dict[str, Array]:
    """The rewards of the rollout."""
    rewards = step.rollout.rewards
    equal = jnp.max(rewards, axis=-1) == jnp.min(rewards, axis=-1)
    return {
        "reward/mean": jnp.mean(rewards),
        "reward/std": jnp.std(rewards),
        "group/zero_std": jnp.mean(equal.astype(float)),
    }


@PROBES.add(Metric("return/exact", "expected reward of the policy, summed over all completions", "after", "final"))
def exact_return(step: StepContext) -> dict[str, Array]:
    """The true return; absent where completions are too many to list."""
    if step.listed is None:
        return {}
    return {"return/exact": exact.expected_return(step.listed_logprobs, step.listed)}
