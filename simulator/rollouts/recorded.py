"""Rollouts that were recorded elsewhere, one after the other."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..parts import part, static
from ..policies.base import Policy
from ..types import Params, Rollout


@part
class Recorded:
    """Completions, and what they were given, as a file has them: the policy draws nothing.

    `prompts` are the last tokens of the prompts. Either `sources`, the rewards of each source, or `advantages` may be
    None; `behavior_logprobs` are those of the policy that said the tokens, computed when left out. `origin` says where
    all that comes from.

    Reference: docs/replay.md.
    """

    kind: Literal["recorded"] = static(default="recorded")
    tokens: Int[Array, "I P G T"]
    mask: Bool[Array, "I P G T"]
    prompts: Int[Array, "I P G"]
    sources: Float[Array, "I P G M"] | None = None
    advantages: Float[Array, "I P G"] | None = None
    behavior_logprobs: Float[Array, "I P G T"] | None = None
    origin: str = static(default="memory")

    staleness = 0

    def plain(self) -> dict[str, Any]:
        """What a manifest says of it."""
        rollouts, prompts, group_size, length = np.shape(self.tokens)
        shape = {"rollouts": rollouts, "prompts": prompts, "group_size": group_size, "max_length": length}
        return {"kind": self.kind, "origin": self.origin, **shape}

    def draw(
        self,
        keys: tuple[Array, Array],
        environment: Environment,
        policy: Policy,
        params: Params,
        group_size: int,
        rollout: Int[Array, ""],
    ) -> Rollout:
        """The recorded rollout of that index."""
        now = jax.tree.map(lambda leaf: jnp.asarray(leaf)[rollout], self)
        sources = jnp.full((*now.prompts.shape, 1), jnp.nan) if now.sources is None else now.sources
        return Rollout(
            states=jnp.concatenate([now.prompts[..., None], now.tokens[..., :-1]], axis=-1),
            tokens=now.tokens,
            mask=now.mask,
            chosen=now.mask,
            sources=sources,
            advantages=now.advantages,
            behavior_logprobs=now.behavior_logprobs,
        )
