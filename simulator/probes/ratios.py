"""Where the policy ratios stand after an update."""

from __future__ import annotations

from ..lazy import Array, jnp
from .base import PROBES, SHARE, SIZE, Metric, average
from .context import StepContext


@PROBES.add(
    Metric("ratio/mean", "mean of π/π_behavior over the rollout's tokens", "after", "end", SIZE),
    Metric("ratio/min", "smallest ratio of the rollout's tokens", "after", "end", SIZE),
    Metric("ratio/max", "largest ratio of the rollout's tokens", "after", "end", SIZE),
    Metric(
        "ratio/ess", "effective sample size of the ratios, (Σρ)² / (n Σρ²), a share from 0 to 1", "after", "end", SHARE
    ),
)
def ratio(step: StepContext) -> dict[str, Array]:
    """Mean, extremes and effective sample size of the token ratios."""
    values, mask = step.ratio, step.rollout.mask
    mean = average(values, mask)
    return {
        "ratio/mean": mean,
        "ratio/min": jnp.min(jnp.where(mask, values, jnp.inf)),
        "ratio/max": jnp.max(jnp.where(mask, values, -jnp.inf)),
        "ratio/ess": mean**2 / average(values**2, mask),
    }
