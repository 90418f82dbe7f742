"""What the clip does to a gradient, and how far the ratios go beyond it all the same."""

from __future__ import annotations

from jaxtyping import Float

from ..lazy import Array, jnp
from ..surrogates.base import Surrogate
from ..types import Minibatch, materialize
from .base import PROBES, SHARE, SIZE, Metric, average, share
from .context import StepContext


@PROBES.add(
    Metric(
        "clip/active",
        "share of tokens whose gradient the clip makes exactly zero (sign-aware)",
        "gradient",
        "mean",
        SHARE,
    ),
    Metric("clip/active_low", "share of tokens with A < 0 cut below 1 − clip_low", "gradient", "mean", SHARE),
    Metric("clip/active_high", "share of tokens with A > 0 cut above 1 + clip_high", "gradient", "mean", SHARE),
    Metric("clip/dual", "share of tokens with A < 0 cut above the dual bound", "gradient", "mean", SHARE),
    Metric(
        "clip/outside",
        "share of tokens whose ratio is outside the band, whatever the sign of A",
        "gradient",
        "mean",
        SHARE,
    ),
)
def clip(step: StepContext) -> dict[str, Array]:
    """How many tokens the clip silenced in this update; absent for methods that silence none."""
    surrogate, batch = step.surrogate, step.before
    if (clipped := surrogate.clipped(batch)) is None:
        return {}
    low, high, dual = materialize(clipped)
    shares = {
        "clip/active": share(low | high | dual, batch.mask),
        "clip/active_low": share(low, batch.mask),
        "clip/active_high": share(high, batch.mask),
    }
    if surrogate.cutter.dual is not None:
        shares["clip/dual"] = share(dual, batch.mask)
    if (band := surrogate.band(batch)) is not None:
        ratio = materialize(jnp.exp(surrogate.watched(batch)))
        shares["clip/outside"] = share((ratio < band[0]) | (ratio > band[1]), batch.mask)
    return shares


@PROBES.add(
    Metric(
        "drift/excess_mean",
        "mean log-ratio beyond the bound that the advantage pushes towards, 0 inside (at the method's level)",
        "after",
        "end",
        SIZE,
    ),
    Metric(
        "drift/excess_max", "largest log-ratio beyond the bound that the advantage pushes towards", "after", "end", SIZE
    ),
)
def drift(step: StepContext) -> dict[str, Array]:
    """How far beyond the clip bound the update left the ratios; absent for methods without a bound on ratios."""
    batch = step.after
    if (beyond := excess(step.surrogate, batch)) is None:
        return {}
    return {
        "drift/excess_mean": average(beyond, batch.mask),
        "drift/excess_max": jnp.max(jnp.where(batch.mask, beyond, 0.0)),
    }


def excess(surrogate: Surrogate, batch: Minibatch) -> Float[Array, "P G T"] | None:
    """Log-ratio beyond the bound that the advantage pushes towards, 0 inside; None without a bound on ratios."""
    if (band := surrogate.band(batch)) is None:
        return None
    bottom, top = (jnp.log(jnp.asarray(bound)) for bound in band)
    log_ratio, advantages = surrogate.watched(batch), batch.advantages[..., None]
    above = jnp.where(advantages > 0, jnp.maximum(log_ratio - top, 0.0), 0.0)
    return jnp.where(advantages < 0, jnp.maximum(bottom - log_ratio, 0.0), above)
