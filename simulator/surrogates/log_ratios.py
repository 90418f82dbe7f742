"""The level at which π and π_behavior are compared: each token, or the completion as a whole.

A level maps the tokens' log-ratios `[P, G, T]` to the log-ratios that the gate sees, 0 outside the mask; what the gate
pushes goes back to the tokens through its transpose. `cuts` says that the level itself can stop a token's gradient.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from jaxtyping import Bool, Float

from ..lazy import Array, jnp
from ..parts import Family, NonNegative, Positive, part, static

LEVELS = Family("level", "kind")
Level = Annotated[Any, LEVELS]

Values = Float[Array, "P G T"]
Mask = Bool[Array, "P G T"]
PerCompletion = Float[Array, "P G 1"]
Flags = Bool[Array, "P G T"]


def _bounded(values: Values, bound: float | Array | None) -> Values:
    """The values, held within ±bound; what is held there has no gradient."""
    return values if bound is None else jnp.where(jnp.abs(values) <= bound, values, jnp.sign(values) * bound)


def _total(values: Values, mask: Mask) -> Values:
    """The sum over each completion's tokens, at each of them."""
    return jnp.where(mask, jnp.sum(jnp.where(mask, values, 0.0), axis=-1, keepdims=True), 0.0)


def _mean(values: Values, mask: Mask) -> Values:
    """The mean over each completion's tokens, at each of them."""
    length = jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1).astype(values.dtype)
    return _total(values, mask) / length


@LEVELS.add
@part
class Token:
    """Each token has its own ratio.

    log ρ_it = log π(o_it | ·) − log π_behavior(o_it | ·),   held within ±bound where one is given (verl: 20)
    """

    kind: Literal["token"] = static(default="token")
    bound: Positive | None = None
    cuts = False

    def __call__(self, log_ratio: Values, mask: Mask, advantages: PerCompletion) -> Values:
        return _bounded(log_ratio, self.bound)


@LEVELS.add
@part
class Sequence:
    """All tokens of a completion share one length-normalised ratio.

    log s_i = (1/L_i) Σ_t log ρ_it,   held below `most` where one is given (verl: 10)

    Reference: GSPO, arXiv:2507.18071, equation 7.
    """

    kind: Literal["sequence"] = static(default="sequence")
    most: Positive | None = None
    cuts = False

    def __call__(self, log_ratio: Values, mask: Mask, advantages: PerCompletion) -> Values:
        mean = _mean(log_ratio, mask)
        return mean if self.most is None else jnp.where(mean <= self.most, mean, self.most)


@LEVELS.add
@part
class WholeSequence:
    """All tokens of a completion share the ratio of its likelihoods, which is not normalised by its length.

    log s_i = Σ_t log ρ_it,   each log ρ_it held within ±bound where one is given

    Reference: GCPO, arXiv:2510.07790; VESPO, arXiv:2602.10693 (bound 20); TRL's RLOO trainer.
    """

    kind: Literal["whole_sequence"] = static(default="whole_sequence")
    bound: Positive | None = None
    cuts = False

    def __call__(self, log_ratio: Values, mask: Mask, advantages: PerCompletion) -> Values:
        return _total(_bounded(log_ratio, self.bound), mask)


@LEVELS.add
@part
class ClippedSequence:
    """The geometric mean of ratios that are clipped token by token, on the side that the advantage pushes towards.

    log s_i = (1/L_i) Σ_t l_it,   l_it = min(log ρ_it, clip_high) where A_i > 0, max(log ρ_it, −clip_low) where A_i < 0

    where the widths are those of the *logarithm*, and a token that is clipped has no gradient.

    Reference: GMPO, arXiv:2507.20673.
    """

    kind: Literal["clipped_sequence"] = static(default="clipped_sequence")
    clip_low: NonNegative = 0.4
    clip_high: NonNegative = 0.4
    dual = None
    cuts = True

    def __call__(self, log_ratio: Values, mask: Mask, advantages: PerCompletion) -> Values:
        low, high, _ = self.clipped(log_ratio, log_ratio, advantages)
        return _mean(jnp.where(high, self.clip_high, jnp.where(low, -self.clip_low, log_ratio)), mask)

    def unclipped(self) -> Sequence:
        """The level without its clip."""
        return Sequence()

    def band(self, advantages: PerCompletion) -> tuple[float | Array, float | Array]:
        return jnp.exp(-jnp.asarray(self.clip_low)), jnp.exp(jnp.asarray(self.clip_high))

    def clipped(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> tuple[Flags, Flags, Flags]:
        low, high = (advantages < 0) & (log_ratio < -self.clip_low), (advantages > 0) & (log_ratio > self.clip_high)
        return low, high, jnp.zeros(log_ratio.shape, dtype=bool)
