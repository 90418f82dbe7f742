"""How far the policy is from the one that sampled, from the one it started as, and from certainty."""

from __future__ import annotations

from .. import exact
from ..lazy import Array, jnp
from .base import PROBES, SIZE, Metric, average
from .context import StepContext


@PROBES.add(
    Metric("kl/behavior_k1", "mean over tokens of −log ρ, which estimates KL(behavior ‖ policy)", "after", "end"),
    Metric("kl/behavior_k2", "mean over tokens of ½ (log ρ)²", "after", "end", SIZE),
    Metric("kl/behavior_k3", "mean over tokens of ρ − 1 − log ρ", "after", "end", SIZE),
    Metric(
        "kl/behavior_exact",
        "KL(behavior ‖ policy) summed over all completions, mean over prompts",
        "after",
        "end",
        SIZE,
    ),
    Metric(
        "kl/reference_exact",
        "KL(policy ‖ reference) summed over all completions, mean over prompts",
        "after",
        "final",
        SIZE,
    ),
)
def kl(step: StepContext) -> dict[str, Array]:
    """Divergences: the trainers' estimators, and exact ones where completions can be listed."""
    log_ratio, mask = step.after.log_ratio, step.rollout.mask
    found = {
        "kl/behavior_k1": average(-log_ratio, mask),
        "kl/behavior_k2": average(log_ratio**2 / 2, mask),
        "kl/behavior_k3": average(jnp.expm1(log_ratio) - log_ratio, mask),
    }
    if step.listed is not None:
        found["kl/behavior_exact"] = exact.divergence(step.listed_behavior, step.listed_logprobs)
        found["kl/reference_exact"] = exact.divergence(step.listed_logprobs, step.listed_reference)
    return found


@PROBES.add(
    Metric(
        "entropy", "mean over the rollout's tokens of the entropy of the policy there, in nats", "after", "final", SIZE
    ),
    Metric("entropy/exact", "entropy of whole completions, in nats, mean over prompts", "after", "final", SIZE),
)
def entropy(step: StepContext) -> dict[str, Array]:
    """The policy's entropy where the rollout went, and that of whole completions where they can be listed."""
    rows = -jnp.sum(jnp.exp(step.log_probs) * step.log_probs, axis=-1)
    visited = jnp.where(step.rollout.chosen, rows[step.after.rows], 0.0)
    found = {"entropy": average(visited, step.rollout.mask)}
    return found if step.listed is None else {**found, "entropy/exact": exact.entropy(step.listed_logprobs)}
