"""A method's mean gradient against the gradient of the return."""

from __future__ import annotations

from jaxtyping import Float

from ..lazy import Array, jnp, optax
from ..parts import part
from ..types import Params
from .moments import Moments, Truth

ROUNDING = 1000  # times the precision: a truth that is smaller than this, beside a typical gradient, is zero


@part
class Products:
    """‖a‖², ‖b‖² and ⟨a, b⟩ of a method's gradient and the return's; or what of these is the noise of averages."""

    mean: Float[Array, ""] | float = 0.0
    truth: Float[Array, ""] | float = 0.0
    both: Float[Array, ""] | float = 0.0


NO_NOISE = Products()


def products(mean: Params, truth: Params) -> Products:
    """The inner products of two gradients."""
    return Products(
        mean=optax.tree.norm(mean, squared=True),
        truth=optax.tree.norm(truth, squared=True),
        both=optax.tree.vdot(mean, truth),
    )


def bias_metrics(
    moments: Moments, truth: Truth, noise: Products = NO_NOISE, first_noise: Products = NO_NOISE
) -> dict[str, Array]:
    """How the mean gradient E[g] stands to the truth ∇ E[R], whose size is no part of a method's promise.

    bias/cos_true  = cos( E[g], ∇ E[R] )
    bias/scale     = ⟨E[g], ∇ E[R]⟩ / ‖∇ E[R]‖²
    bias/norm      = ‖ E[g] − bias/scale · ∇ E[R] ‖, the part of E[g] that points elsewhere
    bias/std       = √( E‖g − E[g]‖² )
    bias/true_norm = ‖ ∇ E[R] ‖
    prefix/expected_bias, prefix/std: as bias/norm and bias/std, of the gradients through the first token alone,
                     with the same bias/scale

    Where the truth is zero, cosine and scale are NaN and all of E[g] is bias. `noise` is what the products of the two
    gradients have too much where these are averages over sampled batches: it is taken out of every metric. An estimated
    cosine can exceed 1 by its error, and is NaN where noise is all that there is.
    """
    found = products(moments.mean, truth.grads)
    own, true, inner = found.mean - noise.mean, found.truth - noise.truth, found.both - noise.both
    typical = jnp.maximum(moments.variance, 0.0) + jnp.maximum(own, 0.0)
    exists = true > (ROUNDING * jnp.finfo(jnp.asarray(true).dtype).eps) ** 2 * typical
    scale = inner / jnp.where(exists, true, jnp.nan)
    return {
        "bias/cos_true": scale * jnp.sqrt(true / jnp.where(own > 0, own, jnp.nan)),
        "bias/scale": scale,
        "bias/norm": _beside(moments.mean, truth.grads, scale, noise),
        "bias/std": jnp.sqrt(jnp.maximum(moments.variance, 0.0)),
        "bias/true_norm": jnp.sqrt(jnp.maximum(true, 0.0)),
        "prefix/expected_bias": _beside(moments.first_mean, truth.first, scale, first_noise),
        "prefix/std": jnp.sqrt(jnp.maximum(moments.first_variance, 0.0)),
    }


def _beside(mean: Params, truth: Params, scale: Float[Array, ""], noise: Products) -> Float[Array, ""]:
    """The norm of what `mean` has beside `scale` times the truth."""
    scale = jnp.nan_to_num(scale, nan=0.0)
    square = optax.tree.norm(optax.tree.add_scale(mean, -scale, truth), squared=True)
    too_much = noise.mean - 2 * scale * noise.both + scale**2 * noise.truth
    return jnp.sqrt(jnp.maximum(square - too_much, 0.0))
