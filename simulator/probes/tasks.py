"""Task by task: what each earns, and how much of the gradient and of the update is its own."""

from __future__ import annotations

from jaxtyping import Bool

from simulator import exact
from simulator.lazy import Array, jnp, optax
from simulator.probes.base import Metric, average, probe
from simulator.step_context import StepContext
from simulator.surrogates.base import scatter


@probe(
    Metric("task/<task>/reward", "mean reward of the task's completions in the rollout", "rollout"),
    Metric("task/<task>/return", "expected reward on the task's prompts, over all completions", "after", "final"),
    Metric("task/<task>/advantage", "mean |A| of the task's completions", "rollout"),
    Metric(
        "task/<task>/grad_share", "norm of the gradient from the task's prompts, over the sum of such norms", "gradient"
    ),
    Metric(
        "task/<task>/update_share",
        "⟨the task's gradient, update⟩ / ⟨gradient, update⟩: the share of what the update gains to first order",
        "gradient",
    ),
)
def tasks(step: StepContext) -> dict[str, Array]:
    """Return, advantage and shares of each task; absent in worlds without tasks."""
    names, belongs = step.environment.task_names, step.environment.prompt_tasks()
    found = {}
    grads = [_gradient_of(step, jnp.asarray(belongs == index)) for index in range(len(names))]
    total = sum((optax.tree.norm(grad) for grad in grads), jnp.zeros(()))
    gain = sum((optax.tree.vdot(grad, step.updates) for grad in grads), jnp.zeros(()))
    for index, name in enumerate(names):
        own = jnp.asarray(belongs == index)
        each = jnp.broadcast_to(own[:, None], step.rollout.rewards.shape)
        found |= {
            f"task/{name}/reward": average(step.rollout.rewards, each),
            f"task/{name}/advantage": average(jnp.abs(step.before.advantages), each),
            f"task/{name}/grad_share": optax.tree.norm(grads[index]) / jnp.where(total > 0, total, jnp.nan),
            f"task/{name}/update_share": optax.tree.vdot(grads[index], step.updates)
            / jnp.where(gain != 0, gain, jnp.nan),
        }
        if step.listed is not None:
            returns = exact.prompt_returns(step.listed_logprobs, step.listed)
            found[f"task/{name}/return"] = average(returns, own)
    return found


def _gradient_of(step: StepContext, prompts: Bool[Array, " P"]):
    """The gradient through the tokens of some prompts, regularisers aside."""
    return step.pullback(scatter(jnp.where(prompts[:, None, None], step.push, 0.0), step.before))
