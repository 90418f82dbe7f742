"""Gates: from a ratio and an advantage to the objective, and how hard that pushes.

A gate's *score weight* is the derivative of its objective by the log-probability: at ratio 1 it is the advantage,
for every gate. `band` is the interval of ratios outside which the gate can cut the gradient, None for a gate that
never does; `clipped` says where it does: (low, high, dual).
"""

from __future__ import annotations

from typing import Annotated, Literal

from jaxtyping import Bool, Float
from pydantic import Field

from simulator.lazy import Array, jax, jnp
from simulator.parts import NonNegative, Positive, Share, part, static

Values = Float[Array, "P G T"]
PerCompletion = Float[Array, "P G 1"]
Flags = Bool[Array, "P G T"]


@part
class Score:
    """No ratio at all: the score function's gradient, whatever the behavior policy was.

    objective = A · log π,   score weight = A
    """

    kind: Literal["score"] = static("score")
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return advantages * logprobs

    def score_weight(self, log_ratio: Values, advantages: PerCompletion) -> Values:
        return advantages * jnp.ones_like(log_ratio)


@part
class Clip:
    """PPO's clip: the gradient stops where the ratio has gone far enough in the direction of the advantage.

    objective = min( ρ A, clamp(ρ, 1 − clip_low, 1 + clip_high) A ),   for A < 0 at least dual · A
    score weight = ρ A, and 0 where A > 0 and ρ > 1 + clip_high, where A < 0 and ρ < 1 − clip_low,
                   and where A < 0 and ρ > dual

    where `clip_low` and `clip_high` are widths and `dual` bounds the ratio itself (None: no dual bound).

    Reference: PPO, arXiv:1707.06347; dual bound, arXiv:1912.09729.
    """

    kind: Literal["clip"] = static("clip")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    dual: Annotated[float, Field(strict=True, gt=1)] | None = None

    @property
    def band(self) -> tuple[float | Array, float | Array]:
        return 1.0 - self.clip_low, 1.0 + self.clip_high

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        ratio = jnp.exp(log_ratio)
        objective = jnp.minimum(ratio * advantages, jnp.clip(ratio, *self.band) * advantages)
        if self.dual is not None:
            objective = jnp.where(advantages < 0, jnp.maximum(objective, self.dual * advantages), objective)
        return objective

    def clipped(self, log_ratio: Values, advantages: PerCompletion) -> tuple[Flags, Flags, Flags]:
        ratio = jnp.exp(log_ratio)
        low, high = self.band
        dual = jnp.zeros(ratio.shape, dtype=bool) if self.dual is None else ratio > self.dual
        return (advantages < 0) & (ratio < low), (advantages > 0) & (ratio > high), (advantages < 0) & dual

    def score_weight(self, log_ratio: Values, advantages: PerCompletion) -> Values:
        low, high, dual = self.clipped(log_ratio, advantages)
        return jnp.where(low | high | dual, 0.0, jnp.exp(log_ratio) * advantages)


@part
class TruncatedWeight:
    """A capped importance weight that carries no gradient of its own: no token is ever silenced.

    objective = sg[ min(ρ, cap) ] · A · log π,   score weight = min(ρ, cap) · A

    Reference: CISPO, arXiv:2506.13585, equation 4.
    """

    kind: Literal["truncated_weight"] = static("truncated_weight")
    cap: Positive = 5.0
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        weight = jax.lax.stop_gradient(jnp.minimum(jnp.exp(log_ratio), self.cap))
        return weight * advantages * logprobs

    def score_weight(self, log_ratio: Values, advantages: PerCompletion) -> Values:
        return jnp.minimum(jnp.exp(log_ratio), self.cap) * advantages


Gate = Annotated[Score | Clip | TruncatedWeight, Field(discriminator="kind")]
