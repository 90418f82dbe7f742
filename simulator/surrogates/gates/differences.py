"""A trust region of probabilities instead of ratios: a rare token may move by a large factor."""

from __future__ import annotations

from typing import Literal

from ...lazy import jax, jnp
from ...parts import NonNegative, Positive, part, static
from ..log_ratios import Flags, PerCompletion, Values
from .base import GATES

ROUNDING = 1e-8  # keeps log(1 − π) finite, as verl does


@GATES.add
@part
class Difference:
    """No gradient once the probability itself has moved too far in the direction of the advantage.

    objective = sg[ score weight ] · log π
    score weight = min(ρ, cap) A, 0 where m is: m = 1, but for
    "tv":  m = 0 where A > 0 and π − π_b > high, and where A <= 0 and π_b − π > low
    "kl":  m = 0 where D > high, A > 0 and π > π_b, and where D > low, A <= 0 and π < π_b
           D = π_b log(π_b / π) + (1 − π_b) log((1 − π_b) / (1 − π)),  of saying this token or any other

    where π_b is the behavior policy's probability of the token and `low`, `high` are the radii.

    Reference: DPPO, arXiv:2602.04879.
    """

    kind: Literal["difference"] = static(default="difference")
    divergence: Literal["tv", "kl"] = static(default="tv")
    low: NonNegative = 0.2
    high: NonNegative = 0.2
    cap: Positive = 20.0
    dual = None
    through_level = False
    cuts = True
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jax.lax.stop_gradient(self.score_weight(log_ratio, logprobs, advantages)) * logprobs

    def clipped(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> tuple[Flags, Flags, Flags]:
        now, before = jnp.exp(logprobs), jnp.exp(logprobs - log_ratio)
        if self.divergence == "tv":
            too_high, too_low = now - before > self.high, before - now > self.low
        else:
            others = jnp.log((1.0 - before + ROUNDING) / (1.0 - now + ROUNDING))
            distance = -before * log_ratio + (1.0 - before) * others
            too_high, too_low = (distance > self.high) & (now > before), (distance > self.low) & (now < before)
        return (advantages < 0) & too_low, (advantages > 0) & too_high, jnp.zeros(log_ratio.shape, dtype=bool)

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        low, high, _ = self.clipped(log_ratio, logprobs, advantages)
        return jnp.where(low | high, 0.0, jnp.minimum(jnp.exp(log_ratio), self.cap) * advantages)
