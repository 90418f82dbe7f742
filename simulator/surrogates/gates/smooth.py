"""Smooth gates: the further the ratio has gone, the softer the push, and it is never exactly zero."""

from __future__ import annotations

from typing import Literal

from ...lazy import jax, jnp
from ...parts import NonNegative, Positive, part, static
from ..log_ratios import PerCompletion, Values
from .base import GATES

MIN_LOG_WEIGHT, MAX_LOG_WEIGHT = -18.420680743952367, 20.0  # log 1e-8, and VESPO's bound on Σ log ρ


@GATES.add
@part
class Sigmoid:
    """A sigmoid of the ratio in place of the clip: flat far away on both sides.

    objective = (4/τ) σ(τ (ρ − 1)) A,   score weight = 4 p (1 − p) ρ A, p = σ(τ (ρ − 1))

    where τ is `temperature_pos` for A > 0, else `temperature_neg`: larger fades sooner.

    Reference: SAPO, arXiv:2511.20347.
    """

    kind: Literal["sigmoid"] = static(default="sigmoid")
    temperature_pos: Positive = 1.0
    temperature_neg: Positive = 1.05
    through_level = True
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        temperature = self._temperature(advantages)
        return jax.nn.sigmoid(temperature * jnp.expm1(log_ratio)) * (4.0 / temperature) * advantages

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        argument = self._temperature(advantages) * jnp.expm1(log_ratio)
        slope = 4.0 * jax.nn.sigmoid(argument) * jax.nn.sigmoid(-argument)
        return slope * jnp.exp(log_ratio) * advantages

    def _temperature(self, advantages: PerCompletion) -> PerCompletion:
        return jnp.where(advantages > 0, self.temperature_pos, self.temperature_neg)


@GATES.add
@part
class GammaWeight:
    """A weight with the shape of a gamma density, 1 at ratio 1: both very large and very small ratios fade out.

    objective = sg[ φ(ρ) ] · A · log π,   score weight = φ(ρ) A, φ(ρ) = ρ^k e^{λ (1 − ρ)}

    where (k, λ) are (k_pos, lambda_pos) for A >= 0, else (k_neg, lambda_neg), and log ρ is held within
    [log 1e-8, 20].

    Reference: VESPO, arXiv:2602.10693.
    """

    kind: Literal["gamma_weight"] = static(default="gamma_weight")
    k_pos: NonNegative = 2.0
    lambda_pos: Positive = 3.0
    k_neg: NonNegative = 3.0
    lambda_neg: Positive = 2.0
    through_level = False
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return jax.lax.stop_gradient(self.score_weight(log_ratio, logprobs, advantages)) * logprobs

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        held = jnp.clip(log_ratio, MIN_LOG_WEIGHT, MAX_LOG_WEIGHT)
        k = jnp.where(advantages >= 0, self.k_pos, self.k_neg)
        rate = jnp.where(advantages >= 0, self.lambda_pos, self.lambda_neg)
        return jnp.exp(k * held - rate * jnp.expm1(held)) * advantages
