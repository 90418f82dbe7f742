"""Every group that can be sampled: the mean and the variance of a method's gradient, by enumeration.

A completion with one of the rewards that it can get is an *item*. The order within a group does not matter, so groups
are multisets of `G` items, each with the number of its orders (as a logarithm: a group of 200 can have too many). Where
a method looks across groups (a batch deviation, a batch's token count) every combination of groups is listed.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..surrogates.base import Surrogate, log_probs_of
from ..types import Rollout
from .completions import num_tokens, pull, token_logprobs
from .moments import Moments, Situation, first_minibatch, first_token

MAX_WORK = 1_000_000_000  # operations: about a second a rollout
LISTING = 100  # of them go into one completion of one batch, to list it
AT_ONCE = 64  # batches that are worked out side by side


def is_separable(surrogate: Surrogate) -> bool:
    """Whether the gradient is a sum over groups, each of which sees no other."""
    own_filter = surrogate.filter is None or surrogate.filter.own_group
    return surrogate.advantage.own_group and surrogate.reduction.own_length and own_filter


def num_batches(num_items: int, num_prompts: int, group_size: int, separable: bool) -> int:
    """How many batches there are to list."""
    groups = math.comb(num_items + group_size - 1, group_size)
    return groups if separable else groups**num_prompts


def work(environment: Environment, surrogate: Surrogate, group_size: int) -> tuple[int, int]:
    """(batches to list, operations on all of them): the tokens of all listed completions meet pair by pair."""
    items = environment.num_completions * environment.num_outcomes
    batches = num_batches(items, environment.num_prompts, group_size, is_separable(surrogate))
    return batches, batches * (num_tokens(environment) ** 2 + LISTING * environment.num_prompts * group_size)


def list_batches(
    num_items: int, num_prompts: int, group_size: int, separable: bool
) -> tuple[Int[np.ndarray, "N P G"], Float[np.ndarray, "N P"]]:
    """The items of every batch, and the logarithm of how many orders each of its groups can come in."""
    groups = np.array(list(itertools.combinations_with_replacement(range(num_items), group_size)))
    counts = np.stack([np.sum(groups == item, axis=1) for item in range(num_items)], axis=1)
    log_factorial = np.array([math.lgamma(count + 1) for count in range(group_size + 1)])
    log_orders = log_factorial[group_size] - np.sum(log_factorial[counts], axis=1)
    if separable:
        return np.repeat(groups[:, None], num_prompts, axis=1), np.repeat(log_orders[:, None], num_prompts, axis=1)
    which = np.array(list(itertools.product(range(len(groups)), repeat=num_prompts)))
    return groups[which], log_orders[which]


def by_groups(situation: Situation) -> Moments:
    """E[g] and E‖g − E[g]‖² over everything that can be sampled. Exact, off-policy too."""
    environment, policy, surrogate = situation.environment, situation.policy, situation.plain
    completions = situation.listed.completions
    values, chances = environment.reward_outcomes(completions.tokens, completions.mask, situation.rollout)
    num_prompts, num_listed, num_outcomes = chances.shape
    behavior = token_logprobs(policy, situation.behavior, completions)
    logprobs = jnp.where(situation.listed.valid, jnp.sum(behavior, axis=-1), -jnp.inf)
    item_logprobs = (logprobs[..., None] + jnp.log(chances)).reshape(num_prompts, -1)
    sources = values.reshape(num_prompts, num_listed * num_outcomes, -1)
    log_probs = log_probs_of(policy, situation.params, completions)
    rows, separable = policy.rows(completions), is_separable(surrogate)
    mean_square = _mean_squares(situation, separable)

    def one(items: Int[Array, "P G"], log_orders: Float[Array, " P"]):
        """The push on each listed token in one batch, and the probability of each of its groups."""
        prompts, which = jnp.arange(num_prompts)[:, None], items // num_outcomes
        picked = jax.tree.map(lambda leaf: leaf[prompts, which], completions)
        rollout = Rollout(**vars(picked), sources=sources[prompts, items])
        batch = first_minibatch(
            picked, rows[prompts, which], log_probs, behavior[prompts, which], surrogate.advantages(rollout)
        )
        push = jnp.zeros(completions.mask.shape).at[prompts, which].add(surrogate.token_push(batch))
        chance = jnp.exp(log_orders + jnp.sum(item_logprobs[prompts, items], axis=1))
        chance = chance if separable else jnp.broadcast_to(jnp.prod(chance), chance.shape)
        return push, chance

    def sums(carry, block):
        pushes, chances = jax.vmap(one)(*block)
        first = first_token(pushes)
        return jax.tree.map(
            jnp.add,
            carry,
            (
                jnp.einsum("np,npct->pct", chances, pushes),
                mean_square(pushes, chances),
                mean_square(first, chances),
            ),
        ), None

    blocks = _in_blocks(*list_batches(num_listed * num_outcomes, num_prompts, situation.group_size, separable))
    nothing = (jnp.zeros(completions.mask.shape), jnp.zeros(()), jnp.zeros(()))
    (push, square, first_square), _ = jax.lax.scan(sums, nothing, blocks)
    everything = jnp.ones((1, num_prompts))

    def variance(square: Float[Array, ""], push: Float[Array, "P C T"]) -> Float[Array, ""]:
        return square - mean_square(push[None], everything)

    return Moments(
        mean=pull(policy, situation.params, completions, push),
        variance=variance(square, push),
        first_mean=pull(policy, situation.params, completions, first_token(push)),
        first_variance=variance(first_square, first_token(push)),
    )


def _in_blocks(items: np.ndarray, log_orders: np.ndarray) -> tuple[Array, Array]:
    """Batches in blocks of equal size; those that fill the last one up can come in no order."""
    missing = -len(items) % AT_ONCE
    items = np.concatenate([items, np.zeros((missing, *items.shape[1:]), dtype=items.dtype)])
    log_orders = np.concatenate([log_orders, np.full((missing, log_orders.shape[1]), -np.inf)])
    split = lambda each: jnp.asarray(each.reshape(-1, AT_ONCE, *each.shape[1:]))  # noqa: E731
    return split(items), split(log_orders)


def token_gradients(situation: Situation) -> Float[Array, "n D"]:
    """∇ log π of every listed token, as rows; 0 for a token that was not chosen."""
    shape = situation.listed.completions.mask.shape
    basis = jnp.eye(math.prod(shape)).reshape(-1, *shape)

    def one(push: Float[Array, "P C T"]) -> Float[Array, " D"]:
        grads = pull(situation.policy, situation.params, situation.listed.completions, push)
        return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(grads)])

    return jax.vmap(one)(basis)


def _mean_squares(situation: Situation, separable: bool):
    """A function of pushes `[N, P, C, T]` and chances `[N, P]`: Σ_n chance · ‖Σ push · ∇ log π‖².

    The norm is that of each group by itself where groups do not see each other. It is taken of the gradient, or, where
    there are more parameters than listed tokens, by the tokens' inner products.
    """
    shape = situation.listed.completions.mask.shape
    gradients = token_gradients(situation)
    if gradients.shape[1] <= gradients.shape[0]:
        each = gradients.reshape(*shape, -1)
        if separable:
            return lambda pushes, chances: jnp.sum(
                chances * jnp.sum(jnp.einsum("npct,pctd->npd", pushes, each) ** 2, axis=-1)
            )
        return lambda pushes, chances: jnp.sum(
            chances[:, 0] * jnp.sum(jnp.einsum("npct,pctd->nd", pushes, each) ** 2, axis=-1)
        )
    inner = (gradients @ gradients.T).reshape(*shape, *shape)
    if separable:
        return lambda pushes, chances: jnp.einsum("npct,pctpds,npds,np->", pushes, inner, pushes, chances)
    return lambda pushes, chances: jnp.einsum("npct,pctqds,nqds,n->", pushes, inner, pushes, chances[:, 0])
