"""Say the target: a completion is as long as its prompt's target, and worth what it gets right."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from ..lazy import Array, jnp
from ..parts import Count, Index, part, static
from .base import ENVIRONMENTS, Plain
from .rewards import RewardScale, scale_at, scale_problems
from .token_tree import MAX_STATES

LONGEST = 64
Target = Annotated[tuple[Index, ...], Field(min_length=1, max_length=LONGEST)]


@ENVIRONMENTS.add
@part
class TokenChain(Plain):
    """Each prompt has a target, a string of tokens; the completion is as long, and is rewarded for what is right.

    R(o) = scale · (1/L) Σ_t [o_t = target_t]    `credit = "dense"`
         = scale · [o = target]                  `credit = "sparse"`

    where L is the length of the prompt's target and `scale` is `reward_scale`. `targets` lists one per prompt; without
    them, `num_prompts` targets of `length` tokens are drawn uniformly (NumPy's default_rng, `targets_seed`).
    The state is what `context` says:
        "position"    the prompt and the position: Σ_p L_p states;
        "last_token"  the token before, which all prompts share, or the prompt, at its beginning: V + P states;
        "prefix"      the prompt and all tokens before: Σ_p Σ_{d<L_p} V^d states.
    """

    kind: Literal["token_chain"] = static(default="token_chain")
    vocab_size: Annotated[int, Field(strict=True, ge=2, le=128)] = static()
    targets: Annotated[tuple[Target, ...], Field(min_length=1)] | None = static(default=None)
    num_prompts: Count | None = static(default=None)  # left out: as many as there are targets, or one to be drawn
    length: Annotated[int, Field(strict=True, ge=1, le=LONGEST)] | None = static(default=None)
    targets_seed: Index | None = static(default=None)
    credit: Literal["dense", "sparse"] = static(default="dense")
    context: Literal["position", "last_token", "prefix"] = static(default="position")
    reward_scale: RewardScale = 1.0

    def __post_init__(self) -> None:
        if self.num_prompts is None:
            object.__setattr__(self, "num_prompts", 1 if self.targets is None else len(self.targets))

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        yield from scale_problems(self.reward_scale)
        if self.targets is None and self.length is None:
            yield "targets", "is required: list them, or give the length of those to be drawn"
            return
        if self.targets is not None:
            for key in ("length", "targets_seed"):
                if getattr(self, key) is not None:
                    yield key, "is for targets that are drawn; these are listed"
            if self.num_prompts != len(self.targets):
                yield "num_prompts", f"{self.num_prompts} prompts, but {len(self.targets)} targets"
            for index, target in enumerate(self.targets):
                if max(target) >= self.vocab_size:
                    outside = f"token {max(target)} is outside the vocabulary 0 to {self.vocab_size - 1}"
                    yield f"targets[{index}]", outside
        if self.num_states > MAX_STATES:
            yield "context", f"with context = {self.context!r} there would be more than {MAX_STATES:,} states"

    @property
    def _prompts_by_length(self) -> dict[int, int]:
        """How many prompts have a target of each length."""
        return {self.length: self.num_prompts} if self.targets is None else Counter(map(len, self.targets))

    def _states_of(self, length: int) -> int:
        """How many states a prompt has for itself."""
        if self.context == "prefix":
            return sum(self.vocab_size**depth for depth in range(length))
        return length if self.context == "position" else 1

    @property
    def max_length(self) -> int:
        return max(self._prompts_by_length)

    @property
    def num_states(self) -> int:
        shared = self.vocab_size if self.context == "last_token" else 0
        return shared + sum(count * self._states_of(length) for length, count in self._prompts_by_length.items())

    @property
    def num_completions(self) -> int:
        return sum(self.vocab_size**length for length in self._prompts_by_length)

    def _written(self) -> Int[np.ndarray, "P T"]:
        """Every prompt's target, −1 after its end."""
        if self.targets is None:
            generator = np.random.default_rng(self.targets_seed or 0)
            return generator.integers(self.vocab_size, size=(self.num_prompts, self.length))
        return _padded(self.targets, self.max_length)

    def _lengths(self) -> Int[np.ndarray, " P"]:
        return np.sum(self._written() >= 0, axis=1)

    def start(self) -> Int[Array, " P"]:
        before = self.vocab_size if self.context == "last_token" else 0
        sizes = [self._states_of(length) for length in self._lengths().tolist()]
        return jnp.asarray(list(itertools.accumulate(sizes[:-1], initial=before)))

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        root = self.start()[:, None]
        if self.context == "position":
            following = states + 1
        elif self.context == "last_token":
            following = tokens
        else:  # numbered like a heap: the children of s are s·V + 1 … s·V + V
            following = root + (states - root) * self.vocab_size + tokens + 1
        done = jnp.broadcast_to(position == jnp.asarray(self._lengths())[:, None] - 1, states.shape)
        return jnp.where(done, root, following), done

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        right = jnp.sum((tokens == jnp.asarray(self._written())[:, None]) & mask, axis=-1).astype(float)
        share = right / jnp.asarray(self._lengths(), dtype=float)[:, None]
        worth = share if self.credit == "dense" else (share == 1.0).astype(float)
        return scale_at(self.reward_scale, rollout) * worth[..., None]

    def completions(self) -> Int[np.ndarray, "C T"]:
        lengths = sorted(self._prompts_by_length)
        texts = [text for length in lengths for text in itertools.product(range(self.vocab_size), repeat=length)]
        return _padded(texts, self.max_length)


def _padded(texts: tuple | list, length: int) -> Int[np.ndarray, "C T"]:
    return np.array([[*text, *[-1] * (length - len(text))] for text in texts])
