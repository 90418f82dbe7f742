"""What an optimizer's remedies may be told of the clip, by the names of `simulator.remedies`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from jaxtyping import Float, Int

from ..lazy import Array, jnp, optax
from ..types import Minibatch, Params
from .base import Surrogate, scatter


def signals(
    names: Iterable[str],
    surrogate: Surrogate,
    batch: Minibatch,
    rollout_mask: Array,
    pullback: Callable[[Float[Array, "R V"]], Params],
    update: Int[Array, ""],
    num_updates: int,
) -> dict[str, Any]:
    """The named signals of the update that is about to be made on a minibatch; `clipped_away` in the loss's sign."""

    def clip_active() -> Array:
        return jnp.sum(surrogate.silenced(batch)) / jnp.sum(batch.mask)

    def clipped_away() -> Params:
        return optax.tree.scale(-1.0, pullback(scatter(surrogate.clipped_push(batch), batch)))

    def log_ratio() -> Array:
        return replace(batch, mask=rollout_mask).log_ratio

    known = {
        "clip_active": clip_active,
        "clipped_away": clipped_away,
        "max_log_ratio": lambda: jnp.max(jnp.abs(log_ratio())),
        "kl": lambda: jnp.sum(jnp.expm1(log_ratio()) - log_ratio()) / jnp.sum(rollout_mask),
        "update": lambda: update,
        "num_updates": lambda: num_updates,
    }
    return {name: known[name]() for name in names}
