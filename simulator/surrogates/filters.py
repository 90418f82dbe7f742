"""Filters: which tokens count, and how much, given what the batch looks like.

A filter is called with the minibatch and returns factors `[P, G, T]` of the tokens' weights, which carry no gradient.
`own_group` says that a group's factors depend on no other group.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from jaxtyping import Bool, Float

from ..lazy import Array, jnp
from ..parts import Family, NonNegative, Positive, part, static
from ..types import Minibatch

FILTERS = Family("filter", "kind")
Filter = Annotated[Any, FILTERS]


def completion_means(values: Float[Array, "P G T"], batch: Minibatch) -> Float[Array, "P G 1"]:
    """The mean over each completion's tokens."""
    length = jnp.maximum(jnp.sum(batch.mask, axis=-1, keepdims=True), 1).astype(values.dtype)
    return jnp.sum(jnp.where(batch.mask, values, 0.0), axis=-1, keepdims=True) / length


@FILTERS.add
@part
class OnPolicy:
    """Drops bad completions that the policy has left behind.

    0 where A_i < 0 and (1/L_i) Σ_t log(π_behavior / π) > threshold, else 1

    Reference: DeepSeek-V3.2, arXiv:2512.02556 (TRL `off_policy_mask_threshold`).
    """

    kind: Literal["on_policy"] = static(default="on_policy")
    threshold: Positive
    own_group = True

    def __call__(self, batch: Minibatch) -> Float[Array, "P G T"]:
        far = completion_means(-batch.log_ratio, batch) > self.threshold
        kept = ~(far & (batch.advantages[..., None] < 0))
        return jnp.broadcast_to(kept, batch.mask.shape).astype(batch.log_ratio.dtype)


@FILTERS.add
@part
class LargeAdvantages:
    """Drops completions that hardly say anything about which is better.

    1 where |A_i| > threshold, else 0

    Reference: CPPO, arXiv:2503.22342.
    """

    kind: Literal["large_advantages"] = static(default="large_advantages")
    threshold: NonNegative
    own_group = True

    def __call__(self, batch: Minibatch) -> Float[Array, "P G T"]:
        kept = jnp.abs(batch.advantages[..., None]) > self.threshold
        return jnp.broadcast_to(kept, batch.mask.shape).astype(batch.log_ratio.dtype)


@FILTERS.add
@part
class Conflicts:
    """Tokens that good and bad completions begin or end with alike are pushed by the good ones alone, twice as hard.

    λ_it = 2 where A_i > 0, 0 where A_i < 0, at tokens that a completion of the other sign has at the same position, as
    have all positions before it (or, counted from the end, all positions after it); else 1. Completions whose mean
    entropy is above `most_entropy` count 0.

    Reference: GTPO, arXiv:2508.03772.
    """

    kind: Literal["conflicts"] = static(default="conflicts")
    most_entropy: NonNegative | None = None
    own_group = True

    def __call__(self, batch: Minibatch) -> Float[Array, "P G T"]:
        signs = jnp.sign(batch.advantages)
        opposite = signs[:, :, None] * signs[:, None, :] < 0  # [P, G, G]
        conflict = jnp.any((_shared_runs(batch) | _shared_endings(batch)) & opposite[..., None], axis=2)
        factors = jnp.where(conflict, 1.0 + signs[..., None], 1.0)
        if self.most_entropy is None:
            return factors
        entropy = -jnp.sum(jnp.exp(batch.log_probs) * batch.log_probs, axis=-1)[batch.rows]
        return jnp.where(completion_means(entropy, batch) <= self.most_entropy, factors, 0.0)


def _shared_runs(batch: Minibatch) -> Bool[Array, "P G G T"]:
    """Whether two completions agree at a position and at all before it."""
    return _runs(batch.tokens, batch.mask)


def _shared_endings(batch: Minibatch) -> Bool[Array, "P G G T"]:
    """Whether two completions agree at a position, counted from their ends, and at all after it."""
    length = jnp.sum(batch.mask, axis=-1, keepdims=True)
    position = jnp.arange(batch.mask.shape[-1])
    from_end = jnp.maximum(length - 1 - position, 0)  # the place of a token in the reversed completion, and back
    backwards = jnp.take_along_axis(batch.tokens, from_end, axis=-1)
    agree = _runs(backwards, position < length)
    return jnp.take_along_axis(agree, from_end[:, :, None], axis=-1) & batch.mask[:, :, None]


def _runs(tokens: Array, mask: Array) -> Bool[Array, "P G G T"]:
    same = tokens[:, :, None] == tokens[:, None, :]
    both = mask[:, :, None] & mask[:, None, :]
    return jnp.cumprod(same & both, axis=-1).astype(bool)
