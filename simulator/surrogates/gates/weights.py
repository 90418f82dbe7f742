"""Importance weights: the ratio scales the gradient, and never stops it."""

from __future__ import annotations

from typing import Literal

from ...lazy import Array, jax, jnp
from ...parts import NonNegative, Number, Positive, Share, part, static
from ..log_ratios import PerCompletion, Values
from .base import GATES


@GATES.add
@part
class Score:
    """No ratio at all: the score function's gradient, whatever the behavior policy was.

    objective = A · log π,   score weight = A
    """

    kind: Literal["score"] = static(default="score")
    through_level = False
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return advantages * logprobs

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return advantages * jnp.ones_like(log_ratio)


@GATES.add
@part
class Ratio:
    """The plain importance ratio: unbiased off-policy, and unbounded.

    objective = ρ A,   score weight = ρ A
    """

    kind: Literal["ratio"] = static(default="ratio")
    through_level = True
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jnp.exp(log_ratio) * advantages

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jnp.exp(log_ratio) * advantages


@GATES.add
@part
class TruncatedWeight:
    """A capped importance weight that carries no gradient of its own: no token is ever silenced.

    objective = sg[ clamp(ρ, floor, cap) ] · A · log π,   score weight = clamp(ρ, floor, cap) · A

    Reference: CISPO, arXiv:2506.13585, equation 4, which has no floor; verl's `cispo` has both bounds.
    """

    kind: Literal["truncated_weight"] = static(default="truncated_weight")
    cap: Positive = 5.0
    floor: Number = 0.0
    through_level = False
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jax.lax.stop_gradient(self._weight(log_ratio)) * advantages * logprobs

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return self._weight(log_ratio) * advantages

    def _weight(self, log_ratio: Values) -> Values:
        return jnp.clip(jnp.exp(log_ratio), self.floor, self.cap)


@GATES.add
@part
class TaperedWeight:
    """Good completions push as they are, bad ones only as far as the policy still says them.

    objective = sg[ score weight ] · log π
    score weight = A where A >= 0, min(ρ, cap) A where A < 0

    Reference: TOPR, arXiv:2503.14286.
    """

    kind: Literal["tapered_weight"] = static(default="tapered_weight")
    cap: Positive = 1.0
    through_level = False
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jax.lax.stop_gradient(self.score_weight(log_ratio, logprobs, advantages)) * logprobs

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jnp.where(advantages < 0, jnp.minimum(jnp.exp(log_ratio), self.cap), 1.0) * advantages


@GATES.add
@part
class BoundedClip:
    """PPO's clip, in which a clipped token keeps the gradient that it had at the bound.

    objective = sg[ score weight ] · log π
    score weight = ρ A, held at the bound: ρ at 1 + clip_high where A > 0, at 1 − clip_low where A < 0 and it is lower

    Reference: GPPO, arXiv:2508.07629 (after its abstract; the paper's wording of the formula is unverified).
    """

    kind: Literal["bounded_clip"] = static(default="bounded_clip")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    through_level = False
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jax.lax.stop_gradient(self.score_weight(log_ratio, logprobs, advantages)) * logprobs

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        ratio = jnp.exp(log_ratio)
        held: Array = jnp.where(
            advantages > 0, jnp.minimum(ratio, 1.0 + self.clip_high), jnp.maximum(ratio, 1.0 - self.clip_low)
        )
        return held * advantages
