"""The push on tokens that several completions of a group share."""

from __future__ import annotations

from jaxtyping import Bool, Float, Int

from simulator.lazy import Array, jnp, optax
from simulator.probes.base import Metric, probe
from simulator.step_context import StepContext
from simulator.types import Minibatch


def sharers(batch: Minibatch) -> Bool[Array, "P G G T"]:
    """Whether completion j says what completion i says up to and including its t-th token, and the policy chose it."""
    said = batch.mask[:, :, None] & batch.mask[:, None]
    same = (batch.tokens[:, :, None] == batch.tokens[:, None]) & said
    return jnp.cumprod(same, axis=-1).astype(bool) & batch.chosen[:, :, None]


@probe(
    Metric(
        "prefix/weight",
        "W = Σ_i ω_i A_i, the summed push on a token that the whole group shares; mean over such tokens, "
        "of groups that take part in the minibatch as a whole",
        "gradient",
    ),
    Metric("prefix/grad_share", "norm of the gradient through shared prefix tokens, over the gradient's", "gradient"),
    Metric("prefix/subset_weight", "mean |W| over tokens that some of a group share, but not all of it", "gradient"),
    Metric(
        "prefix/subset_covariance",
        "mean |n · Cov(ω, A)| over the n sharers of such tokens: what of their W comes from unequal weights",
        "gradient",
    ),
    Metric("prefix/subset_grad_share", "norm of the gradient through such tokens, over the gradient's", "gradient"),
    Metric(
        "prefix/restoring",
        "of shared tokens beyond the clip bound whose sharers' advantages have both signs, the share whose W points "
        "back to the band",
        "gradient",
    ),
)
def prefix(step: StepContext) -> dict[str, Array]:
    """Realised prefix weights; absent where completions have one token, NaN where nothing is shared."""
    batch, group_size = step.before, step.before.mask.shape[1]
    if batch.mask.shape[-1] == 1:
        return {}
    shared = sharers(batch)
    count = jnp.sum(shared, axis=2)
    weight = _over_sharers(shared, step.push)
    whole, some = count == group_size, (count > 1) & (count < group_size)
    found = {
        "prefix/weight": _per_token(weight, whole, count),
        "prefix/grad_share": _grad_share(step, whole),
        "prefix/subset_weight": _per_token(jnp.abs(weight), some, count),
        "prefix/subset_covariance": _per_token(jnp.abs(_covariance(step, shared, count)), some, count),
        "prefix/subset_grad_share": _grad_share(step, some),
    }
    if (band := step.surrogate.band(batch)) is None:
        return found
    bottom, top = band
    ratio = jnp.exp(batch.log_ratio)  # the token's own, which all its sharers have, whatever the level
    ups, downs = (
        _over_sharers(shared, jnp.broadcast_to(signed[..., None], batch.mask.shape).astype(float))
        for signed in (batch.advantages > 0, batch.advantages < 0)
    )
    beyond = ((ratio > top) | (ratio < bottom)) & (ups > 0) & (downs > 0)
    back = jnp.where(ratio > top, weight < 0, weight > 0)
    return {**found, "prefix/restoring": _per_token(back.astype(float), beyond, count)}


def _over_sharers(shared: Bool[Array, "P G G T"], values: Float[Array, "P G T"]) -> Float[Array, "P G T"]:
    """The sum of `values` over the completions that share each token."""
    return jnp.einsum("pijt,pjt->pit", shared.astype(values.dtype), values)


def _per_token(
    values: Float[Array, "P G T"], which: Bool[Array, "P G T"], count: Int[Array, "P G T"]
) -> Float[Array, ""]:
    """The mean over distinct tokens: one that n completions share counts once."""
    once = jnp.where(which, 1.0 / jnp.maximum(count, 1).astype(float), 0.0)
    total = jnp.sum(once)
    return jnp.sum(once * values) / jnp.where(total > 0, total, jnp.nan)


def _covariance(step: StepContext, shared: Bool[Array, "P G G T"], count: Int[Array, "P G T"]) -> Float[Array, "P G T"]:
    """n · Cov(ω, A) over the sharers of each token, with the weights that the push has after gate and level."""
    batch = step.before
    advantages = jnp.broadcast_to(batch.advantages[..., None], step.push.shape)
    pushed = advantages != 0
    weights = jnp.where(pushed, step.push / jnp.where(pushed, advantages, 1.0), step.surrogate.reduction(batch.mask))
    mean_weight = _over_sharers(shared, weights) / jnp.maximum(count, 1).astype(float)
    return _over_sharers(shared, step.push) - mean_weight * _over_sharers(shared, advantages)


def _grad_share(step: StepContext, which: Bool[Array, "P G T"]) -> Float[Array, ""]:
    """The norm of the gradient through some tokens, over the whole gradient's; NaN where there are none."""
    norm = optax.tree.norm(step.grads)
    through = optax.tree.norm(step.gradient_through(which))
    return jnp.where(jnp.any(which), through / jnp.where(norm > 0, norm, jnp.nan), jnp.nan)
