"""A brake on momentum, in the one direction in which the clip has stopped pushing."""

from typing import Any

import jax.numpy as jnp
import optax
from jax.typing import ArrayLike


def brake(inner: optax.GradientTransformation, strength: ArrayLike = 1.0) -> optax.GradientTransformationExtraArgs:
    """The part of an update that comes from memory does not push clipped tokens further out of the band.

        u ← u − strength · d max(⟨d, coasting⟩, 0) / ‖d‖²

    where coasting = inner.update(0, state, params) is what the optimizer would do if the gradient were zero, and
    d = −clipped_away is where the clipped tokens would push the parameters. Nothing changes where nothing is clipped,
    or where memory already leads back. The inner state is not touched, so that the brake has to be held; it costs a
    second inner update. One direction is braked, over all clipped tokens and parameters together.

    Raises TypeError without the signal `clipped_away`.
    """
    inner = optax.with_extra_args_support(inner)

    def update(grads: Any, state: Any, params: Any = None, *, clipped_away: Any, **signals: Any) -> tuple[Any, Any]:
        signals |= {"clipped_away": clipped_away}
        updates, after = inner.update(grads, state, params, **signals)
        coasting, _ = inner.update(optax.tree.zeros_like(grads), state, params, **signals)
        largest = optax.tree.norm(clipped_away, ord="inf")
        # of largest entry 1: the squares of gradients as small as these policies have are zero in float32
        outward = optax.tree.scale(-1 / jnp.where(largest > 0, largest, 1), clipped_away)
        speed = jnp.maximum(optax.tree.vdot(outward, coasting), 0)
        squared = jnp.where(largest > 0, optax.tree.norm(outward, squared=True), 1)
        return optax.tree.add_scale(updates, -strength * speed / squared, outward), after  # type: ignore[operator]

    return optax.GradientTransformationExtraArgs(inner.init, update)
