"""No update from a batch that the clip has silenced."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike


def skip_when_clipped(
    inner: optax.GradientTransformation, share: ArrayLike = 1.0
) -> optax.GradientTransformationExtraArgs:
    """When the clip silences so many tokens, nothing moves and the inner optimizer does not see the batch.

        u = 0 and the inner state stays, if clip_active ≥ share

    At share = 1 only batches without any policy gradient are left out. A regulariser's gradient is left out with them.

    Raises TypeError without the signal `clip_active`.
    """

    def acts(_: Any, /, *, clip_active: ArrayLike, **signals: Any) -> jax.Array:
        return jnp.logical_not(clip_active >= jnp.asarray(share))  # a share that is NaN does not stop anything

    return optax.conditionally_mask(inner, acts, forward_extra_args=True)
