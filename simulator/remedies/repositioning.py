"""Reposition before the last update: many fast updates choose a direction, a part of the way is kept."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike


class RepositionState(NamedTuple):
    """Where the rollout began, and the inner optimizer's state."""

    start: Any
    inner_state: Any


def reposition(
    inner: optax.GradientTransformation, interpolation: ArrayLike = 0.5
) -> optax.GradientTransformationExtraArgs:
    """The last update of a rollout starts, and takes its gradient, between where the rollout began and where it got.

        θ ← θ₀ + α (θ − θ₀)   after the second last update of each rollout

    where θ₀ are the parameters at update 0 and α is `interpolation`; α = 1 is the inner optimizer. The inner state
    is not put back. A rollout of one update is left alone. Nothing that changes updates may come after it.

    Raises ValueError without parameters, TypeError without the signals `update` and `num_updates`.
    Reference: Slow-Fast Policy Optimization, arXiv:2510.04072.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> RepositionState:
        return RepositionState(jax.tree.map(jnp.array, params), inner.init(params))

    def update_fn(
        grads: Any, state: Any, params: Any = None, *, update: ArrayLike, num_updates: ArrayLike, **signals: Any
    ) -> tuple[Any, RepositionState]:
        if params is None:
            raise ValueError("reposition needs the parameters: update(grads, state, params, …)")
        start = optax.tree.where(jnp.equal(update, 0), params, state.start)
        updates, inner_state = inner.update(
            grads, state.inner_state, params, update=update, num_updates=num_updates, **signals
        )

        def put(step: jax.Array, now: jax.Array, then: jax.Array) -> jax.Array:
            # θ₀ + α (θ + u − θ₀) − θ, which is what has to be added to θ
            back = interpolation * step - (1 - interpolation) * (now - then)
            return jnp.where(jnp.equal(update, num_updates - 2), back, step).astype(step.dtype)

        return jax.tree.map(put, updates, params, start), RepositionState(start, inner_state)

    return optax.GradientTransformationExtraArgs(init, update_fn)
