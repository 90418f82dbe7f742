"""The push on tokens that several completions of a group share."""

from __future__ import annotations

from jaxtyping import Bool, Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp, optax
from ..types import Rollout, materialize
from .base import PROBES, SHARE, SIZE, Metric, average
from .context import StepContext


def first_sayers(environment: Environment, rollout: Rollout) -> Int[Array, "P G T"] | None:
    """The first completion of the group that says what this one says up to and including the token.

    Sharers of a token have it in common. It is found position by position: who says the same token after the same
    first sayer. None where completions have one token.
    """
    num_prompts, group_size, length = rollout.tokens.shape
    if length == 1:
        return None
    prompts, each = jnp.arange(num_prompts)[:, None], jnp.arange(group_size)
    size = num_prompts * group_size * environment.vocab_size

    def walk(carry, now):
        first, lowest = carry
        position, tokens, mask = now
        said = ((prompts * group_size + first) * environment.vocab_size + tokens).astype(each.dtype)
        said = jnp.where(mask, said, size)  # what is not said is an entry of its own
        rank = each - (position + 1) * group_size  # below all that positions before have left there
        lowest = lowest.at[said].min(jnp.broadcast_to(rank, said.shape), mode="promise_in_bounds")
        first = lowest.at[said].get(mode="promise_in_bounds") - rank + each
        return (first, lowest), first

    start = jnp.zeros((num_prompts, group_size), each.dtype), jnp.zeros(size + 1, each.dtype)
    by_position = jax.tree.map(lambda values: jnp.moveaxis(values, 2, 0), (rollout.tokens, rollout.mask))
    _, found = jax.lax.scan(walk, start, (jnp.arange(length), *by_position))
    return jnp.moveaxis(found, 0, 2)


@PROBES.add(
    Metric(
        "prefix/weight",
        "W = Σ_i ω_i A_i, the summed push on a token that the whole group shares; mean over such tokens, "
        "of groups that take part in the minibatch as a whole",
        "gradient",
    ),
    Metric(
        "prefix/grad_share",
        "norm of the gradient through shared prefix tokens, over the gradient's",
        "gradient",
        "mean",
        SIZE,
    ),
    Metric(
        "prefix/subset_weight",
        "mean |W| over tokens that some of a group share, but not all of it",
        "gradient",
        "mean",
        SIZE,
    ),
    Metric(
        "prefix/subset_covariance",
        "mean |n · Cov(ω, A)| over the n sharers of such tokens: what of their W comes from unequal weights",
        "gradient",
        "mean",
        SIZE,
    ),
    Metric(
        "prefix/subset_grad_share",
        "norm of the gradient through such tokens, over the gradient's",
        "gradient",
        "mean",
        SIZE,
    ),
    Metric(
        "prefix/restoring",
        "of shared tokens beyond the clip bound whose sharers' advantages have both signs, the share whose W points "
        "back to the band",
        "gradient",
        "mean",
        SHARE,
    ),
    once=first_sayers,
)
def prefix(step: StepContext) -> dict[str, Array]:
    """Realised prefix weights; absent where completions have one token, NaN where nothing is shared."""
    batch, first = step.before, step.once["prefix"]
    if first is None:
        return {}
    places, counted = _places(first), batch.mask & batch.chosen

    def total(values: Float[Array, "P G T"]) -> Float[Array, "P G T"]:
        """The sum over the completions that share a token, at the first of them; 0 elsewhere."""
        counts = jnp.where(counted, values, 0.0).reshape(-1)
        return jnp.zeros(places.size).at[places.reshape(-1)].add(counts, mode="promise_in_bounds").reshape(places.shape)

    def of_each(totals: Array) -> Array:
        """What stands at the first sayer, at everyone who shares the token."""
        theirs = totals.reshape(-1).at[places].get(mode="promise_in_bounds")
        return jnp.where(counted, theirs, jnp.zeros_like(theirs))

    advantages = jnp.broadcast_to(batch.advantages[..., None], places.shape)
    count, weight = total(jnp.ones(places.shape)), total(step.push)
    whole, some = count == places.shape[1], (count > 1) & (count < places.shape[1])
    equal = total(_weights(step, advantages)) * total(advantages) / jnp.maximum(count, 1.0)
    found = {
        "prefix/weight": average(weight, whole),
        "prefix/grad_share": _grad_share(step, of_each(whole)),
        "prefix/subset_weight": average(jnp.abs(weight), some),
        "prefix/subset_covariance": average(jnp.abs(weight - equal), some),
        "prefix/subset_grad_share": _grad_share(step, of_each(some)),
    }
    if (band := step.surrogate.band(batch)) is None:
        return found
    bottom, top = band
    ratio = materialize(jnp.exp(batch.log_ratio))  # the token's own, which all its sharers have, whatever the level
    mixed = (total((advantages > 0).astype(float)) > 0) & (total((advantages < 0).astype(float)) > 0)
    beyond = ((ratio > top) | (ratio < bottom)) & of_each(mixed)
    once, pushed = 1.0 / jnp.maximum(of_each(count), 1.0), of_each(weight)
    back = jnp.where(ratio > top, pushed < 0, pushed > 0)
    return {**found, "prefix/restoring": _share_of(once, back, beyond)}


def _places(first: Int[Array, "P G T"]) -> Int[Array, "P G T"]:
    """Where the first sayer's token stands in an array [P, G, T] laid flat."""
    prompts, group_size, length = first.shape
    return (jnp.arange(prompts)[:, None, None] * group_size + first) * length + jnp.arange(length)


def _share_of(
    once: Float[Array, "P G T"], flags: Bool[Array, "P G T"], which: Bool[Array, "P G T"]
) -> Float[Array, ""]:
    """The share of some tokens that are flagged, where a token that n completions share counts once: 1/n each."""
    all_of_them = jnp.sum(jnp.where(which, once, 0.0))
    flagged = jnp.sum(jnp.where(which & flags, once, 0.0))
    return flagged / jnp.where(all_of_them > 0, all_of_them, jnp.nan)


def _weights(step: StepContext, advantages: Float[Array, "P G T"]) -> Float[Array, "P G T"]:
    """ω of every token, as the push has it after gate and level; the reduction's where the advantage is 0."""
    pushed = advantages != 0
    return jnp.where(pushed, step.push / jnp.where(pushed, advantages, 1.0), step.surrogate.reduction(step.before.mask))


def _grad_share(step: StepContext, which: Bool[Array, "P G T"]) -> Float[Array, ""]:
    """The norm of the gradient through some tokens, over the whole gradient's; NaN where there are none."""
    norm = optax.tree.norm(step.grads)
    through = optax.tree.norm(step.gradient_through(which))
    return jnp.where(jnp.any(which), through / jnp.where(norm > 0, norm, jnp.nan), jnp.nan)
