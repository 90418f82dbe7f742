"""No further updates on a rollout that the policy has left behind."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike


def stop_at(
    inner: optax.GradientTransformation, ratio: ArrayLike | None = None, kl: ArrayLike | None = None
) -> optax.GradientTransformationExtraArgs:
    """Beyond the bound nothing moves and the inner state stays, until a rollout begins that is within it.

        u = 0, if max_log_ratio > log(ratio) or kl > the bound of that name

    where a bound that is None is not looked at; ratio > 1. The update that crosses the bound is made.

    Raises ValueError without any bound, TypeError without the signal of a bound that is given.
    Reference: arXiv:2202.00079 stops at a mean deviation of the ratios, LOOP (arXiv:2502.01600) at a KL divergence.
    """
    if ratio is None and kl is None:
        raise ValueError("stop_at needs a bound: ratio, kl or both")
    furthest = kl

    def near(_: Any, /, *, max_log_ratio: ArrayLike, **signals: Any) -> jax.Array:
        return jnp.logical_not(max_log_ratio > jnp.log(ratio))  # type: ignore[arg-type]

    def similar(_: Any, /, *, kl: ArrayLike, **signals: Any) -> jax.Array:
        return jnp.logical_not(kl > furthest)  # type: ignore[operator]

    if ratio is not None:
        inner = optax.conditionally_mask(inner, near, forward_extra_args=True)
    if kl is not None:
        inner = optax.conditionally_mask(inner, similar, forward_extra_args=True)
    return inner
