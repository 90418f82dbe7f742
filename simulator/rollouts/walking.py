"""How completions come about: token after token, until the environment ends them."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..policies.base import Policy
from ..types import Completions, Params, Rollout

Choose = Callable[[Int[Array, "P G"], Int[Array, "P G T"], Int[Array, ""]], Int[Array, "P G"]]


def unroll(environment: Environment, group_size: int, choose: Choose) -> Completions:
    """Walk the environment: `choose(states, tokens, position)` names each next token, unless the environment does."""
    shape = (environment.num_prompts, group_size)
    horizon = environment.max_length
    root = jnp.broadcast_to(environment.start()[:, None], shape)

    def say(carry, position):
        states, alive, tokens = carry
        token, chosen = choose(states, tokens, position), alive
        if (certain := environment.follows(states)) is not None:
            token, chosen = jnp.where(certain >= 0, certain, token), alive & (certain < 0)
        token = jnp.where(alive, token, 0)
        following, done = environment.step(states, token, position)
        tokens = jax.lax.dynamic_update_index_in_dim(tokens, token, position, axis=2)
        return (jnp.where(alive, following, root), alive & ~done, tokens), (states, token, alive, chosen)

    nothing = jnp.zeros((*shape, horizon), dtype=root.dtype)
    first = (root, jnp.ones(shape, dtype=bool), nothing)
    if horizon == 1:  # a loop of one turn costs time to compile
        walked = [values[..., None] for values in say(first, jnp.asarray(0))[1]]
    else:  # the tokens carried along are for those who read them; for others XLA takes them out
        walked = [jnp.moveaxis(values, 0, 2) for values in jax.lax.scan(say, first, jnp.arange(horizon))[1]]
    states, tokens, mask, chosen = walked
    return Completions(states=states, tokens=tokens, mask=mask, chosen=chosen)


def most_likely(policy: Policy, params: Params) -> Choose:
    """A choice for `unroll`: the token that the policy is most likely to say, the first of several."""

    def choose(states: Int[Array, "P G"], tokens: Int[Array, "P G T"], position: Int[Array, ""]) -> Int[Array, "P G"]:
        everywhere = jnp.ones(tokens.shape, dtype=bool)
        here = jnp.broadcast_to(states[..., None], tokens.shape)
        completions = Completions(states=here, tokens=tokens, mask=everywhere, chosen=everywhere)
        rows = jnp.take(policy.rows(completions), position, axis=2)
        return jnp.argmax(policy.logits(params, completions)[rows], axis=-1)

    return choose


def greedy_rewards(
    key: Array, environment: Environment, policy: Policy, params: Params, rollout: Int[Array, ""]
) -> Float[Array, " P"]:
    """The reward of each prompt's greedy completion."""
    completions = unroll(environment, 1, most_likely(policy, params))
    return jnp.sum(environment.sample_rewards(key, completions.tokens, completions.mask, rollout), axis=-1)[:, 0]


def rewarded(key: Array, completions: Completions, environment: Environment, rollout: Int[Array, ""]) -> Rollout:
    """Completions with the rewards that the environment gives them."""
    sources = environment.sample_rewards(key, completions.tokens, completions.mask, rollout)
    return Rollout(**vars(completions), sources=sources)
