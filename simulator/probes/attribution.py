"""Whose doing an update is, and what of the excess over the clip bound each cause has brought."""

from __future__ import annotations

from ..lazy import Array, jnp, optax
from .base import PROBES, SIZE, Metric, average
from .clipping import excess
from .context import StepContext

SILENT = "what it added to the excess of silenced tokens (mean over all tokens)"


@PROBES.add(
    Metric(
        "update/coasting_norm",
        "norm of the update that a gradient of zero would get, decay aside",
        "gradient",
        "mean",
        SIZE,
    ),
    Metric("update/fresh_norm", "norm of what this update's gradient adds to that", "gradient", "mean", SIZE),
    Metric("update/decay_norm", "norm of the update's weight decay", "gradient", "mean", SIZE),
    Metric(
        "update/earlier_norm",
        "norm of what earlier rollouts' gradients left of the coasting update",
        "gradient",
        "mean",
        SIZE,
    ),
    Metric(
        "drift/coasting",
        "share of the log-ratio change of silenced tokens that the coasting part of the update carries",
        "gradient",
        quotient=("drift/coasted", "drift/silent"),
    ),
    Metric(
        "drift/crossing",
        "what the update added to the excess while tokens still had a gradient: the step across the bound",
        "gradient",
        "sum",
    ),
    Metric("drift/silent", f"the whole update: {SILENT}", "gradient", "sum"),
    Metric("drift/coasted", f"the coasting part of the update: {SILENT}", "gradient", "sum"),
    Metric("drift/earlier", f"what earlier rollouts left of the coasting part: {SILENT}", "gradient", "sum"),
    Metric("drift/coupled", f"other tokens' gradients, and regularisers': {SILENT}", "gradient", "sum"),
    Metric("drift/decayed", f"weight decay: {SILENT}", "gradient", "sum"),
    Metric("drift/curved", f"what the first order leaves out: {SILENT}", "gradient", "sum"),
)
def attribution(step: StepContext) -> dict[str, Array]:
    """An update divided into coasting, fresh gradient and decay; where there is a clip, the excess by its causes.

    drift/crossing + drift/coasted + drift/coupled + drift/decayed + drift/curved = the change of drift/excess_mean

    Silenced is every token of the rollout that the update finds beyond its bound, in the minibatch or not.
    """
    parts, surrogate, before, after = step.attribution, step.surrogate, step.whole_before, step.after
    found = {"update/coasting_norm": optax.tree.norm(parts.coasting), "update/fresh_norm": optax.tree.norm(parts.fresh)}
    if parts.decay is not None:
        found["update/decay_norm"] = optax.tree.norm(parts.decay)
    if parts.earlier is not None:
        found["update/earlier_norm"] = optax.tree.norm(parts.earlier)
    if surrogate.cutter is None:
        return found
    silenced, outwards = surrogate.silenced(before), jnp.sign(before.advantages)[..., None]
    if (beyond := excess(surrogate, before)) is not None:
        silenced &= beyond > 0  # a dual bound, and a two-sided clip, silence tokens on the other side too

    def on_silenced(change: Array) -> Array:
        return average(jnp.where(silenced, outwards * change, 0.0), after.mask)

    carried = {name: on_silenced(surrogate.watched_change(before, change)) for name, change in step.carried.items()}
    silent = on_silenced(surrogate.watched(after) - surrogate.watched(before))
    coasted, coupled, decayed = carried["coasting"], carried["fresh"], carried.get("decay", jnp.zeros(()))
    found |= {
        "drift/coasting": coasted / jnp.where(silent == 0, jnp.nan, silent),
        "drift/silent": silent,
        "drift/coasted": coasted,
        "drift/coupled": coupled,
        "drift/decayed": decayed,
        "drift/curved": silent - coasted - coupled - decayed,
    }
    if parts.earlier is not None:
        found["drift/earlier"] = carried["earlier"]
    if beyond is not None:
        found["drift/crossing"] = average(excess(surrogate, after) - beyond, after.mask) - silent
    return found
