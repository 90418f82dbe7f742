"""Where completions come from: sampled from the policy, or fixed by the scenario."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Int
from pydantic import AfterValidator, Field

from simulator.environments.base import Environment
from simulator.lazy import Array, jax, jnp
from simulator.parts import Index, part, static
from simulator.policies.base import Policy
from simulator.types import Params

Choose = Callable[[Int[Array, "P G"], Int[Array, "P G T"], Int[Array, ""]], Int[Array, "P G"]]


def unroll(
    environment: Environment, group_size: int, choose: Choose
) -> tuple[Int[Array, "P G T"], Int[Array, "P G T"], Bool[Array, "P G T"]]:
    """Walk the environment: `choose(states, tokens, position)` names each next token. Returns states, tokens, mask."""
    shape = (environment.num_prompts, group_size)
    horizon = environment.max_length
    root = jnp.broadcast_to(environment.start()[:, None], shape)

    def say(carry, position):
        states, alive, tokens = carry
        token = jnp.where(alive, choose(states, tokens, position), 0)
        following, done = environment.step(states, token, position)
        tokens = jax.lax.dynamic_update_index_in_dim(tokens, token, position, axis=2)
        return (jnp.where(alive, following, root), alive & ~done, tokens), (states, alive)

    nothing = jnp.zeros((*shape, horizon), dtype=root.dtype)
    first = (root, jnp.ones(shape, dtype=bool), nothing)
    (_, _, tokens), (states, mask) = jax.lax.scan(say, first, jnp.arange(horizon))
    return jnp.moveaxis(states, 0, 2), tokens, jnp.moveaxis(mask, 0, 2)


@part
class Sampled:
    """Completions drawn from the policy as it stands when the rollout begins."""

    kind: Literal["sampled"] = static("sampled")

    def tokens(
        self, key: Array, environment: Environment, policy: Policy, params: Params, group_size: int
    ) -> tuple[Int[Array, "P G T"], Int[Array, "P G T"], Bool[Array, "P G T"]]:
        draw = policy.sampler(params)
        uniforms = jax.random.uniform(key, (environment.max_length, environment.num_prompts, group_size))
        return unroll(environment, group_size, lambda states, tokens, t: draw(uniforms[t], states, tokens, t))


def _pad(prompts: tuple) -> np.ndarray:
    length = max(len(text) for group in prompts for text in group)
    if len({len(group) for group in prompts}) > 1:
        raise ValueError("every prompt needs the same number of completions")
    return np.asarray([[list(text) + [-1] * (length - len(text)) for text in group] for group in prompts])


Text = Annotated[tuple[Index, ...], Field(min_length=1)]
Group = Annotated[tuple[Text, ...], Field(min_length=1)]


@part
class Fixed:
    """The same completions in every rollout, whatever the policy: the randomness of sampling is taken out.

    `completions` lists, for each prompt, one list of tokens a completion; the environment still rewards them.
    """

    kind: Literal["fixed"] = static("fixed")
    completions: Annotated[tuple[Group, ...], Field(min_length=1), AfterValidator(_pad)]

    def tokens(
        self, key: Array, environment: Environment, policy: Policy, params: Params, group_size: int
    ) -> tuple[Int[Array, "P G T"], Int[Array, "P G T"], Bool[Array, "P G T"]]:
        said = jnp.maximum(jnp.asarray(self.completions), 0)  # what is left out after the last token is its end, 0
        said = jnp.pad(said, ((0, 0), (0, 0), (0, environment.max_length - said.shape[-1])))
        return unroll(environment, group_size, lambda states, tokens, t: said[..., t])
