"""Completions that are drawn from the policy, or fixed by the scenario; the environment rewards them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Int
from pydantic import AfterValidator, Field

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..parts import Index, part, static
from ..policies.base import Policy
from ..types import Completions, Params, Rollout
from .walking import rewarded, unroll


class Walked:
    """A rollout of completions that come about by a walk through the environment."""

    def draw(
        self,
        keys: tuple[Array, Array],
        environment: Environment,
        policy: Policy,
        params: Params,
        group_size: int,
        rollout: Int[Array, ""],
    ) -> Rollout:
        """One rollout; `keys` are those of the tokens and of the rewards."""
        completions = self.walk(keys[0], environment, policy, params, group_size)  # type: ignore[attr-defined]
        return rewarded(keys[1], completions, environment, rollout)


@part
class Sampled(Walked):
    """Completions drawn from the policy as it stood `staleness` rollouts ago: 0, as it stands when the rollout begins.

    The policy that drew them is the behavior policy. A trainer that generates while it trains is one or more rollouts
    behind; the first rollouts are drawn from the policy that training starts from.
    """

    kind: Literal["sampled"] = static(default="sampled")
    staleness: Index = static(default=0)

    def walk(
        self, key: Array, environment: Environment, policy: Policy, params: Params, group_size: int
    ) -> Completions:
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
class Fixed(Walked):
    """The same completions in every rollout, whatever the policy: the randomness of sampling is taken out.

    `completions` lists, for each prompt, one list of tokens per completion; the environment still rewards them.
    """

    kind: Literal["fixed"] = static(default="fixed")
    completions: Annotated[tuple[Group, ...], Field(min_length=1), AfterValidator(_pad)]

    staleness = 0

    def walk(
        self, key: Array, environment: Environment, policy: Policy, params: Params, group_size: int
    ) -> Completions:
        tokens = jnp.maximum(jnp.asarray(self.completions), 0)  # what is left out after the last token is its end, 0
        tokens = jnp.pad(tokens, ((0, 0), (0, 0), (0, environment.max_length - tokens.shape[-1])))
        return unroll(environment, group_size, lambda states, _, t: tokens[..., t])
