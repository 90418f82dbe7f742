"""Free logits for every state: nothing is shared, everything can be enumerated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float, Int

from simulator.environments.base import Environment
from simulator.lazy import Array, jax, jnp
from simulator.parts import NonNegative, Vector, part, static
from simulator.policies.sampling import cumulative, draw
from simulator.types import Params, Rollout


@part
class Tabular:
    """Softmax over free logits, one row a state: π(v|s) = exp θ[s, v] / Σ_w exp θ[s, w].

    θ[s, ·] starts at `bias` (zeros when left out; one number a token, the same in every state), plus Gaussian noise
    of deviation `scale` with `start = "gaussian"`.
    """

    kind: Literal["tabular"] = static("tabular")
    start: Literal["zeros", "gaussian"] = static("zeros")
    scale: NonNegative = 1.0
    bias: Vector | None = None

    def init(self, key: Array, environment: Environment) -> Params:
        shape = (environment.num_states, environment.vocab_size)
        logits = jnp.zeros(shape)
        if self.start == "gaussian":
            logits = logits + self.scale * jax.random.normal(key, shape, logits.dtype)
        if self.bias is not None:
            logits = logits + jnp.asarray(self.bias)
        return {"logits": logits}

    def logits(self, params: Params, rollout: Rollout) -> Float[Array, "R V"]:
        return params["logits"]

    def rows(self, rollout: Rollout) -> Int[Array, "P G T"]:
        return rollout.states

    def sampler(self, params: Params) -> Callable[..., Int[Array, "P G"]]:
        cdf = cumulative(params["logits"])
        return lambda uniforms, states, tokens, position: draw(cdf, states, uniforms)
