"""Reductions: the weight ω_it that each token's objective has in the sum.

Every part here is called with the mask `[P, G, T]` of the tokens that take part and returns weights of that shape,
0 outside it. B is the number of completions that take part, L_i their lengths. `own_length` says that, for given B, a
completion's weights depend on no other completion.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from jaxtyping import Bool, Float

from ..lazy import Array, jnp
from ..parts import Family, Positive, part, static

REDUCTIONS = Family("reduction", "kind")
Reduction = Annotated[Any, REDUCTIONS]


def _lengths(mask: Bool[Array, "P G T"]) -> Float[Array, "P G 1"]:
    return jnp.maximum(jnp.sum(mask, axis=-1, keepdims=True), 1).astype(float)


def _completions(mask: Bool[Array, "P G T"]) -> Float[Array, ""]:
    return jnp.maximum(jnp.sum(jnp.any(mask, axis=-1)), 1).astype(float)


@REDUCTIONS.add
@part
class SequenceMean:
    """The mean over completions of each completion's mean: short completions have heavy tokens.

    ω_it = 1 / (B L_i)

    Reference: GRPO, arXiv:2402.03300 (TRL `grpo`, verl `seq-mean-token-mean`).
    """

    kind: Literal["sequence_mean"] = static(default="sequence_mean")
    own_length = True

    def __call__(self, mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return jnp.where(mask, 1.0 / (_completions(mask) * _lengths(mask)), 0.0)


@REDUCTIONS.add
@part
class TokenMean:
    """The mean over all tokens of the batch: every token weighs the same.

    ω_it = 1 / Σ_j L_j

    Reference: DAPO, arXiv:2503.14476 (TRL `dapo` and `bnpo`, verl `token-mean`).
    """

    kind: Literal["token_mean"] = static(default="token_mean")
    own_length = False

    def __call__(self, mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return jnp.where(mask, 1.0 / jnp.maximum(jnp.sum(mask), 1).astype(float), 0.0)


@REDUCTIONS.add
@part
class ConstantLength:
    """The sum over tokens, divided by a length that is the same for all (T when left out).

    ω_it = 1 / (B · length)

    Reference: Dr. GRPO, arXiv:2503.20783 (TRL `dr_grpo`).
    """

    kind: Literal["constant_length"] = static(default="constant_length")
    length: Positive | None = None
    own_length = True

    def __call__(self, mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        length = float(mask.shape[-1]) if self.length is None else self.length
        return jnp.where(mask, 1.0 / (_completions(mask) * length), 0.0)


@REDUCTIONS.add
@part
class SequenceSum:
    """The mean over completions of the sum over tokens: the likelihood of the whole completion.

    ω_it = 1 / B

    Reference: REINFORCE and RLOO, arXiv:2402.14740 (verl `seq-mean-token-sum`).
    """

    kind: Literal["sequence_sum"] = static(default="sequence_sum")
    own_length = True

    def __call__(self, mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return jnp.where(mask, 1.0 / _completions(mask), 0.0)


@REDUCTIONS.add
@part
class TokenSum:
    """The sum over all tokens of the batch, divided by a number if one is given: a larger batch makes larger steps.

    ω_it = 1 / divisor

    Reference: verl `token-sum`; with a divisor, `seq-mean-token-sum-norm` as verl had it until 2026.
    """

    kind: Literal["token_sum"] = static(default="token_sum")
    divisor: Positive = 1.0
    own_length = True

    def __call__(self, mask: Bool[Array, "P G T"]) -> Float[Array, "P G T"]:
        return jnp.where(mask, 1.0 / jnp.asarray(self.divisor, float), 0.0)
