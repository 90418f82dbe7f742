"""The push on tokens that every completion of the group shares."""

from __future__ import annotations

from jaxtyping import Bool

from simulator.lazy import Array, jnp, optax
from simulator.probes.base import Metric, average, probe
from simulator.step_context import StepContext
from simulator.surrogates.base import scatter
from simulator.types import Minibatch


def shared_prefix(batch: Minibatch) -> Bool[Array, "P T"]:
    """Positions up to which all completions of a group say the same tokens."""
    same = (batch.tokens == batch.tokens[:, :1]) & batch.mask
    return jnp.cumprod(jnp.all(same, axis=1), axis=-1).astype(bool)


@probe(
    Metric(
        "prefix/weight",
        "W = Σ_i ω_i A_i, the summed push on a token that the whole group shares; mean over such tokens, "
        "of groups that take part in the minibatch as a whole",
        "gradient",
    ),
    Metric("prefix/grad_share", "norm of the gradient through shared prefix tokens, over the gradient's", "gradient"),
)
def prefix(step: StepContext) -> dict[str, Array]:
    """The realised prefix weight; absent where completions have one token, NaN where nothing is shared."""
    if step.rollout.tokens.shape[-1] == 1:
        return {}
    shared = shared_prefix(step.before)
    norm = optax.tree.norm(step.grads)
    through_prefix = scatter(jnp.where(shared[:, None], step.push, 0.0), step.before)
    share = optax.tree.norm(step.pullback(through_prefix)) / jnp.where(norm > 0, norm, jnp.nan)
    return {
        "prefix/weight": average(jnp.sum(step.push, axis=1), shared),
        "prefix/grad_share": jnp.where(jnp.any(shared), share, jnp.nan),
    }
