"""The gradient, what the optimizer made of it, and how far the parameters have come."""

from __future__ import annotations

from ..lazy import Array, jax, jnp, optax
from ..types import Params
from .base import COSINE, PROBES, SHARE, SIZE, Metric
from .context import StepContext


def _inner(left: Params, right: Params) -> Array:
    return sum(jax.tree.leaves(jax.tree.map(lambda a, b: jnp.sum(a * b), left, right)))  # type: ignore[return-value]


@PROBES.add(
    Metric("objective", "value of the surrogate objective (no measure of progress)", "gradient"),
    Metric("grad/norm", "Euclidean norm of the objective's gradient", "gradient", "mean", SIZE),
    Metric("update/norm", "Euclidean norm of what the optimizer added to the parameters", "gradient", "mean", SIZE),
    Metric(
        "update/cos_grad",
        "cosine of the update and the ascent gradient; NaN when one is zero",
        "gradient",
        "mean",
        COSINE,
    ),
    Metric("update/displacement", "Euclidean distance of the parameters from their start", "after", "final", SIZE),
    Metric("diverged", "1 when a parameter is not finite", "after", "final", SHARE),
)
def update(step: StepContext) -> dict[str, Array]:
    """Sizes and directions in parameter space."""
    grad_norm, update_norm = optax.tree.norm(step.grads), optax.tree.norm(step.updates)
    scale = grad_norm * update_norm
    finite = jnp.array([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(step.params)])
    return {
        "objective": step.surrogate.objective(step.before),
        "grad/norm": grad_norm,
        "update/norm": update_norm,
        "update/cos_grad": _inner(step.grads, step.updates) / jnp.where(scale > 0, scale, jnp.nan),
        "update/displacement": optax.tree.norm(optax.tree.sub(step.params, step.start_params)),
        "diverged": 1.0 - jnp.all(finite).astype(float),
    }
