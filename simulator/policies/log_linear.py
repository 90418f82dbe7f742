"""Logits that are linear in features of the state: what one state learns, the states like it learn too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..parts import Count, Matrix, NonNegative, part, static
from ..types import Completions, Params
from .base import POLICIES
from .sampling import cumulative, draw


@POLICIES.add
@part
class LogLinear:
    """Softmax over logits linear in features, which states share: π(v|s) ∝ exp( φ(s) · W[:, v] ).

    where φ(s) is row s of `features` `[S, F]`, which are never trained, and W `[F, V]` is. Without `features`, each run
    draws its own from N(0, 1/F), in `num_features` columns: |φ(s)|² is 1 on average. W starts at zeros, or at Gaussian
    noise of deviation `scale` with `start = "gaussian"`. An update at one state moves another by φ(s)·φ(s'); the
    identity as features is the table.
    """

    kind: Literal["log_linear"] = static(default="log_linear")
    features: Matrix | None = None
    num_features: Count = static(default=4)
    start: Literal["zeros", "gaussian"] = static(default="zeros")
    scale: NonNegative = 1.0

    def misfits(self, environment: Environment) -> Iterator[tuple[str, str]]:
        """What is wrong with the policy in an environment: (field, sentence)."""
        if self.features is not None and len(self.features) != environment.num_states:
            yield "features", f"{len(self.features)} rows for {environment.num_states} states"

    def prepare(self, key: Array, environment: Environment) -> LogLinear:
        if self.features is not None:
            return replace(self, features=jnp.asarray(self.features))  # type: ignore[arg-type]
        drawn = jax.random.normal(key, (environment.num_states, self.num_features))
        return replace(self, features=drawn / self.num_features**0.5)

    def init(self, key: Array, environment: Environment) -> Params:
        shape = (self.features.shape[1], environment.vocab_size)  # type: ignore[union-attr]
        if self.start == "zeros":
            return {"weights": jnp.zeros(shape)}
        return {"weights": self.scale * jax.random.normal(key, shape)}

    def logits(self, params: Params, completions: Completions) -> Float[Array, "R V"]:
        return self.features @ params["weights"]

    def rows(self, completions: Completions) -> Int[Array, "P G T"]:
        return completions.states

    def sampler(self, params: Params) -> Callable[..., Int[Array, "P G"]]:
        cdf = cumulative(self.features @ params["weights"])
        return lambda uniforms, states, tokens, position: draw(cdf, states, uniforms)
