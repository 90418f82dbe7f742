"""Clips: beyond a bound there is no gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ...lazy import Array, jnp
from ...parts import NonNegative, Share, part, static
from ..log_ratios import Flags, PerCompletion, Values
from .base import GATES


@GATES.add
@part
class Clip:
    """PPO's clip: the gradient stops where the ratio has gone far enough in the direction of the advantage.

    objective = min( ρ A, clamp(ρ, 1 − clip_low, 1 + clip_high) A ),   for A < 0 at least dual · A
    score weight = ρ A, 0 where clipped: where A > 0 and ρ > 1 + clip_high, where A < 0 and ρ < 1 − clip_low,
                   and where A < 0 and ρ > dual

    where `clip_low` and `clip_high` are widths and `dual` bounds the ratio itself (None: no dual bound). INTELLECT-2's
    two-sided clip, which is TRL's `delta`, and verl's `clip_ratio_c` are both this bound.

    Reference: PPO, arXiv:1707.06347; dual bound, arXiv:1912.09729; INTELLECT-2, arXiv:2505.07291.
    """

    kind: Literal["clip"] = static(default="clip")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    dual: Annotated[float, Field(strict=True, gt=1)] | None = None
    through_level = True
    cuts = True

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.dual is not None and self.dual <= 1 + self.clip_high:
            yield (
                "dual",
                f"{self.dual:g} is not above 1 + clip_high = {1 + self.clip_high:g}: a bound on bad completions "
                "within the band of the good ones has two meanings (TRL's min and verl's max differ there)",
            )

    def band(self, advantages: PerCompletion) -> tuple[float | Array, float | Array]:
        return 1.0 - self.clip_low, 1.0 + self.clip_high

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        ratio = jnp.exp(log_ratio)
        objective = jnp.minimum(ratio * advantages, jnp.clip(ratio, *self.band(advantages)) * advantages)
        if self.dual is not None:
            objective = jnp.where(advantages < 0, jnp.maximum(objective, self.dual * advantages), objective)
        return objective

    def clipped(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> tuple[Flags, Flags, Flags]:
        ratio = jnp.exp(log_ratio)
        low, high = self.band(advantages)
        dual = jnp.zeros(ratio.shape, dtype=bool) if self.dual is None else ratio > self.dual
        return (advantages < 0) & (ratio < low), (advantages > 0) & (ratio > high), (advantages < 0) & dual

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        low, high, dual = self.clipped(log_ratio, logprobs, advantages)
        return jnp.where(low | high | dual, 0.0, jnp.exp(log_ratio) * advantages)


@GATES.add
@part
class TwoSidedClip:
    """A clip that knows no direction: outside the band there is no gradient, nor one that would lead back into it.

    objective = clamp(ρ, 1 − clip_low, 1 + clip_high) A,  with the widths of its own sign where A <= 0
    score weight = ρ A inside the band, 0 outside it

    where `negative_low` and `negative_high` are the widths for A <= 0, those for A > 0 when left out.

    Reference: ABC-GRPO, arXiv:2601.03895; torchrl's CISPOLoss is this gate too.
    """

    kind: Literal["two_sided_clip"] = static(default="two_sided_clip")
    clip_low: Share = 0.2
    clip_high: NonNegative = 0.2
    negative_low: Share | None = None
    negative_high: NonNegative | None = None
    dual = None
    through_level = True
    cuts = True

    def band(self, advantages: PerCompletion) -> tuple[float | Array, float | Array]:
        low = self.clip_low if self.negative_low is None else self.negative_low
        high = self.clip_high if self.negative_high is None else self.negative_high
        good = advantages > 0
        return 1.0 - jnp.where(good, self.clip_low, low), 1.0 + jnp.where(good, self.clip_high, high)

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jnp.clip(jnp.exp(log_ratio), *self.band(advantages)) * advantages

    def clipped(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> tuple[Flags, Flags, Flags]:
        ratio, pushed = jnp.exp(log_ratio), advantages != 0
        low, high = self.band(advantages)
        return pushed & (ratio < low), pushed & (ratio > high), jnp.zeros(ratio.shape, dtype=bool)

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        low, high, _ = self.clipped(log_ratio, logprobs, advantages)
        return jnp.where(low | high, 0.0, jnp.exp(log_ratio) * advantages)
