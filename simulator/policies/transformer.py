"""A small network that reads the tokens: every parameter serves every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Annotated, Literal

from jaxtyping import Float, Int
from pydantic import Field

from ..environments.base import Environment
from ..lazy import Array, jax, jnp
from ..parts import Count, NonNegative, part, static
from ..types import Completions, Params
from .base import POLICIES
from .sampling import cumulative, draw


@POLICIES.add
@part
class Transformer:
    """Softmax over a small causal transformer's logits: π(v|prompt, tokens so far), one row per token.

    It reads the prompt as a token of its own, then what was said, at learned positions; one or two pre-norm `layers`
    of attention in `heads` heads and of an MLP four times the `width` (simulator/policies/network.py). The head starts
    at zeros, so that the policy starts uniform and the first update moves the head alone; with `start = "gaussian"` at
    noise of deviation scale/√width.
    """

    kind: Literal["transformer"] = static(default="transformer")
    layers: Annotated[int, Field(strict=True, ge=1, le=2)] = static(default=1)
    width: Annotated[int, Field(strict=True, ge=2)] = static(default=16)
    heads: Count = static(default=2)
    start: Literal["zeros", "gaussian"] = static(default="zeros")
    scale: NonNegative = 1.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range, or with this machine: (field, sentence)."""
        if self.width % self.heads:
            yield "heads", f"{self.heads} heads do not divide a width of {self.width}"
        if find_spec("equinox") is None:
            yield "kind", "a transformer needs equinox: pip install 'ratiodrift[transformer]'"

    def misfits(self, environment: Environment) -> Iterator[tuple[str, str]]:
        """What is wrong with the policy in an environment: (field, sentence)."""
        if not getattr(environment, "complete", True):
            yield "kind", "'transformer' reads whole prompts, of which recorded rollouts have the last token alone"

    def prepare(self, key: Array, environment: Environment) -> Transformer:
        return self

    def init(self, key: Array, environment: Environment) -> Params:
        from .network import drawn  # needs equinox, an extra

        network = drawn(
            key,
            head=0.0 if self.start == "zeros" else self.scale,
            num_prompts=environment.num_prompts,
            vocab_size=environment.vocab_size,
            max_length=environment.max_length,
            layers=self.layers,
            width=self.width,
            heads=self.heads,
        )
        return {"network": network}  # in a dict: optax takes a parameter tree that can be called for a function

    def logits(self, params: Params, completions: Completions) -> Float[Array, "R V"]:
        logits = _read(params, completions.tokens)
        return logits.reshape(-1, logits.shape[-1])

    def rows(self, completions: Completions) -> Int[Array, "P G T"]:
        return jnp.arange(completions.tokens.size).reshape(completions.tokens.shape)

    def sampler(self, params: Params) -> Callable[..., Int[Array, "P G"]]:
        def pick(uniforms: Array, states: Array, tokens: Array, position: Array) -> Int[Array, "P G"]:
            logits = jnp.take(_read(params, tokens), position, axis=2).reshape(tokens.shape[0] * tokens.shape[1], -1)
            return draw(cumulative(logits), jnp.arange(states.size).reshape(states.shape), uniforms)

        return pick


def _read(params: Params, tokens: Int[Array, "P G T"]) -> Float[Array, "P G T V"]:
    """The logits at every position, each given the prompt and the tokens before it."""
    each = jax.vmap(jax.vmap(params["network"], in_axes=(None, 0)))
    return each(jnp.arange(len(tokens)), tokens)
