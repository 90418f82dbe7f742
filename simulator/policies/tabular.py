"""Free logits for every state: nothing is shared, everything can be enumerated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..parts import Matrix, NonNegative, Vector, part, static
from ..types import Completions, Params
from .base import POLICIES
from .sampling import cumulative, draw


@POLICIES.add
@part
class Tabular:
    """Softmax over free logits, one row per state: π(v|s) = exp θ[s, v] / Σ_w exp θ[s, w].

    θ[s, ·] starts at `bias` (one number per token, the same in every state) plus row s of `initial_logits`, both zeros
    when left out, plus Gaussian noise of deviation `scale` with `start = "gaussian"`.
    """

    kind: Literal["tabular"] = static(default="tabular")
    start: Literal["zeros", "gaussian"] = static(default="zeros")
    scale: NonNegative = 1.0
    bias: Vector | None = None
    initial_logits: Matrix | None = None

    def misfits(self, environment: Environment) -> Iterator[tuple[str, str]]:
        """What is wrong with the policy in an environment: (field, sentence)."""
        states, vocab_size = environment.num_states, environment.vocab_size
        if self.bias is not None and len(self.bias) != vocab_size:
            yield "bias", f"{len(self.bias)} numbers for a vocabulary of {vocab_size}"
        if self.initial_logits is not None and len(self.initial_logits) != states:
            yield "initial_logits", f"{len(self.initial_logits)} rows for {states} states"
        if self.initial_logits is not None and len(self.initial_logits[0]) != vocab_size:
            yield "initial_logits", f"rows of {len(self.initial_logits[0])} numbers for a vocabulary of {vocab_size}"

    def prepare(self, key: Array, environment: Environment) -> Tabular:
        return self

    def init(self, key: Array, environment: Environment) -> Params:
        shape = (environment.num_states, environment.vocab_size)
        logits = jnp.zeros(shape)
        if self.start == "gaussian":
            logits = logits + self.scale * jax.random.normal(key, shape, logits.dtype)
        if self.bias is not None:
            logits = logits + jnp.asarray(self.bias)
        if self.initial_logits is not None:
            logits = logits + jnp.asarray(self.initial_logits)
        return {"logits": logits}

    def logits(self, params: Params, completions: Completions) -> Float[Array, "R V"]:
        return params["logits"]

    def rows(self, completions: Completions) -> Int[Array, "P G T"]:
        return completions.states

    def sampler(self, params: Params) -> Callable[..., Int[Array, "P G"]]:
        cdf = cumulative(params["logits"])
        return lambda uniforms, states, tokens, position: draw(cdf, states, uniforms)
