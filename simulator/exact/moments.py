"""What there is to know about the gradient of a random batch, and where it is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array, jnp
from ..parts import part
from ..policies.base import Policy
from ..surrogates.base import Surrogate
from ..types import Completions, Minibatch, Params
from .completions import Listed, completion_logprobs, pull, return_push


@dataclass(frozen=True)
class Situation:
    """The beginning of a rollout: a batch is about to be sampled from `behavior`, the first gradient taken at `params`.

    `listed` is None where the completions are too many to list.
    """

    environment: Environment
    policy: Policy
    surrogate: Surrogate
    rollouts: Any
    group_size: int
    rollout: Int[Array, ""]
    params: Params
    behavior: Params
    listed: Listed | None

    @property
    def plain(self) -> Surrogate:
        """The surrogate without its regularisers, which are no estimate of the return."""
        return replace(self.surrogate, kl=None, entropy=None)


@part
class Moments:
    """Mean and total variance of the first gradient g of a rollout: E[g] and E‖g − E[g]‖².

    `first_mean` and `first_variance` are of its part through the first token, the prefix that every completion has.
    """

    mean: Params
    variance: Float[Array, ""]
    first_mean: Params
    first_variance: Float[Array, ""]


@part
class Truth:
    """∇ E[R], the gradient that a method stands in for, and its part through the first token."""

    grads: Params
    first: Params


def true_gradient(situation: Situation) -> Truth:
    """The exact gradient of the return at the policy that is trained."""
    policy, params, listed = situation.policy, situation.params, situation.listed
    push = return_push(completion_logprobs(policy, params, listed), listed)
    return Truth(
        grads=pull(policy, params, listed.completions, push),
        first=pull(policy, params, listed.completions, first_token(push)),
    )


def first_token(push: Float[Array, "*B T"]) -> Float[Array, "*B T"]:
    """The push on the first token alone."""
    return jnp.where(jnp.arange(push.shape[-1]) == 0, push, 0.0)


def first_minibatch(
    completions: Completions,
    rows: Int[Array, "P G T"],
    log_probs: Float[Array, "R V"],
    behavior: Float[Array, "P G T"],
    advantages: Float[Array, "P G"],
) -> Minibatch:
    """A sampled batch as the first update of a rollout sees it, all of it in one minibatch."""
    return Minibatch(
        log_probs=log_probs,
        reference_log_probs=log_probs,
        behavior_logprobs=behavior,
        rows=rows,
        tokens=completions.tokens,
        mask=completions.mask,
        chosen=completions.chosen,
        advantages=advantages,
    )
