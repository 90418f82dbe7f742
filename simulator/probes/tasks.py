"""Task by task: what each earns, and how much of the gradient and of the update is its own."""

from __future__ import annotations

from jaxtyping import Bool

from .. import exact
from ..lazy import Array, jnp, optax
from .base import PROBES, SHARE, SIZE, Metric, average
from .context import StepContext


@PROBES.add(
    Metric("task/<task>/reward", "mean reward of the task's completions in the rollout", "rollout"),
    Metric("task/<task>/return", "expected reward on the task's prompts, over all completions", "after", "final"),
    Metric("task/<task>/advantage", "mean |A| of the task's completions", "rollout", "mean", SIZE),
    Metric(
        "task/<task>/grad_share",
        "norm of the gradient from the task's prompts, over the sum of such norms",
        "gradient",
        "mean",
        SHARE,
    ),
    Metric(
        "task/<task>/update_share",
        "⟨the task's gradient, update⟩ / ⟨gradient, update⟩: the share of what the update gains to first order",
        "gradient",
    ),
)
def tasks(step: StepContext) -> dict[str, Array]:
    """Return, advantage and shares of each task; absent in environments without tasks."""
    found: dict[str, Array] = {}
    belongs = step.environment.prompt_tasks()
    own = {name: jnp.asarray(belongs == index) for index, name in enumerate(step.environment.task_names)}
    grads = {name: step.gradient_through(_everywhere(prompts, step.push)) for name, prompts in own.items()}
    norms = {name: optax.tree.norm(grad) for name, grad in grads.items()}
    gains = {name: optax.tree.vdot(grad, step.updates) for name, grad in grads.items()}
    total, gain = (sum(parts.values(), jnp.zeros(())) for parts in (norms, gains))
    for name, prompts in own.items():
        completions = _everywhere(prompts, step.rollout.rewards)
        found |= {
            f"task/{name}/reward": average(step.rollout.rewards, completions),
            f"task/{name}/advantage": average(jnp.abs(step.before.advantages), completions),
            f"task/{name}/grad_share": norms[name] / jnp.where(total > 0, total, jnp.nan),
            f"task/{name}/update_share": gains[name] / jnp.where(gain != 0, gain, jnp.nan),
        }
    if step.listed is None:
        return found
    returns = exact.prompt_returns(step.listed_logprobs, step.listed)
    return found | {f"task/{name}/return": average(returns, prompts) for name, prompts in own.items()}


def _everywhere(prompts: Bool[Array, " P"], like: Array) -> Array:
    """Which entries of an array `[P, …]` belong to some prompts."""
    return jnp.broadcast_to(jnp.expand_dims(prompts, tuple(range(1, like.ndim))), like.shape)
