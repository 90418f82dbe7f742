"""How long the completions are."""

from __future__ import annotations

from ..lazy import Array, jnp
from .base import PROBES, SIZE, Metric
from .context import StepContext


@PROBES.add(
    Metric(
        "length/mean",
        "mean number of tokens of the rollout's completions, their end token included",
        "rollout",
        "mean",
        SIZE,
    ),
    Metric("length/exact", "expected number of tokens under the policy, mean over prompts", "after", "final", SIZE),
)
def length(step: StepContext) -> dict[str, Array]:
    """Lengths, sampled and expected; absent where completions have one token."""
    if step.rollout.tokens.shape[-1] == 1:
        return {}
    found = {"length/mean": jnp.mean(jnp.sum(step.rollout.mask, axis=-1).astype(float))}
    if step.listed is None:
        return found
    lengths = jnp.sum(step.listed.completions.mask, axis=-1).astype(float)
    return {**found, "length/exact": jnp.mean(jnp.sum(jnp.exp(step.listed_logprobs) * lengths, axis=-1))}
