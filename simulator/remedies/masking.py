"""Momentum masking: where the clip took most of a coordinate's gradient, the first moment goes as well."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from .first_moment import first_moments, map_first_moments


def mask_momentum(
    inner: optax.GradientTransformation, factor: ArrayLike = 0.0, survived: ArrayLike = 0.5
) -> optax.GradientTransformationExtraArgs:
    """What the clip stopped is not continued from memory.

        m ← factor · m   in coordinates where c ≠ 0 and g / (g + c) < survived, before the inner update

    where g is the gradient and c the signal `clipped_away`, so that g + c is the gradient without the clip. The share
    is negative, and m masked, where the clip turned the gradient round; where g + c = 0 it is left alone. factor = 0
    leaves the inner optimizer's reaction to g alone, factor = 1 is the inner optimizer.

    Raises ValueError for an optimizer without a first moment, TypeError without the signal.
    Reference: future work in arXiv:2601.05002; we know of no paper that evaluates it for GRPO.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params: Any) -> Any:
        state = inner.init(params)
        first_moments(state)  # raises where there is none
        return state

    def kept(grad: ArrayLike, clipped: ArrayLike) -> jax.Array:
        whole = grad + clipped
        # grad / whole < survived without the division, and without products that underflow
        lost = (clipped != 0) & (grad * jnp.sign(whole) < survived * jnp.abs(whole))
        return jnp.where(lost, factor, 1.0)

    def update(grads: Any, state: Any, params: Any = None, *, clipped_away: Any, **signals: Any) -> tuple[Any, Any]:
        masked = map_first_moments(jnp.multiply, state, jax.tree.map(kept, grads, clipped_away))
        return inner.update(grads, masked, params, clipped_away=clipped_away, **signals)

    return optax.GradientTransformationExtraArgs(init, update)
