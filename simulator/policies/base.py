"""What the loop asks of a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int

from ..environments.base import Environment
from ..lazy import Array
from ..parts import Family
from ..types import Completions, Params

POLICIES = Family("policy", "kind", group="policies")


@runtime_checkable
class Policy(Protocol):
    """A distribution over the next token in each of `R` contexts, with parameters that an optimizer moves.

    A policy decides what its contexts are: a table has one row per state of the environment, whoever visits it; a
    network that reads the tokens has one row per token of the rollout. The loop sees rows alone.

    A policy that does not fit every environment says so in `misfits(environment)`, which yields (field, sentence).
    """

    def prepare(self, key: Array, environment: Environment) -> Policy:
        """The same policy with what it draws once for a run and never trains; the methods below are called on that."""

    def init(self, key: Array, environment: Environment) -> Params:
        """The parameters that training starts from."""

    def logits(self, params: Params, completions: Completions) -> Float[Array, "R V"]:
        """Unnormalised log-probabilities, one row per context; differentiable in `params`."""

    def rows(self, completions: Completions) -> Int[Array, "P G T"]:
        """The row that each token was drawn from."""

    def sampler(self, params: Params) -> Callable[..., Int[Array, "P G"]]:
        """A function `draw(uniforms, states, tokens, position)` that picks the next tokens.

        `uniforms` and `states` are `[P, G]`, `tokens` `[P, G, T]` holds what was said before `position`.
        """
