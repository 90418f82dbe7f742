"""Several worlds in one batch, each with a reward of its own size: what training on many tasks is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from ..lazy import Array, jax, jnp
from ..parts import Positive, part, static
from .base import ENVIRONMENTS, Outcomes
from .rewards import RewardRule, RewardScale, scale_at, scale_problems
from .verifier import Verifier
from .worlds import Bandit, LengthTrap, TokenChain, TokenTree

TaskWorld = Annotated[Bandit | TokenTree | TokenChain | LengthTrap | Verifier, Field(discriminator="kind")]
MAX_LISTED = 20_000  # completions that are listed to see which of them several tasks have in common


@part
class Source:
    """One more reward on a task's completions: scale · (rule + noise · N(0, 1))."""

    reward: RewardRule
    scale: RewardScale = 1.0
    noise: Positive | None = None


@part
class Task:
    """A world whose prompts are this task's share of the batch, and what its reward is worth.

    R = scale · (world's reward + noise · N(0, 1)) + further `sources`

    How difficult the task is, its world says: how long the target, how many arms.
    """

    name: Annotated[str, Field(pattern=r"^[\w-]+$")] = static()
    world: TaskWorld
    scale: RewardScale = 1.0
    noise: Positive | None = None
    sources: tuple[Source, ...] = ()

    @property
    def num_sources(self) -> int:
        return 1 + len(self.sources)

    def expected(self, tokens: Array, mask: Array, rollout: Array) -> Float[Array, "P G M"]:
        """The mean of each source."""
        first = jnp.sum(self.world.expected_rewards(tokens, mask, rollout), axis=-1)
        return self._scaled(first, tokens, mask, rollout)

    def sample(self, key: Array, tokens: Array, mask: Array, rollout: Array) -> Float[Array, "P G M"]:
        """One draw of each source."""
        world_key, noise_key = jax.random.split(key)
        first = jnp.sum(self.world.sample_rewards(world_key, tokens, mask, rollout), axis=-1)
        return self._scaled(first, tokens, mask, rollout, jax.random.split(noise_key, self.num_sources))

    def outcomes(self, tokens: Array, mask: Array, rollout: Array) -> Outcomes:
        """Everything that the world can give, each with the other sources' values."""
        values, chances = self.world.reward_outcomes(tokens, mask, rollout)
        each = [self._scaled(jnp.sum(values[:, :, o], -1), tokens, mask, rollout) for o in range(values.shape[2])]
        return jnp.stack(each, axis=2), chances

    @property
    def _all(self) -> tuple[Any, ...]:
        """The world's own source and the others."""
        return self, *self.sources

    @property
    def num_outcomes(self) -> int | None:
        noisy = any(source.noise is not None for source in self._all)
        return None if noisy else self.world.num_outcomes

    def _scaled(self, first: Array, tokens: Array, mask: Array, rollout: Array, keys: Array | None = None) -> Array:
        values = [first, *(source.reward.value(tokens, mask) for source in self.sources)]
        found = []
        for number, (value, source) in enumerate(zip(values, self._all, strict=True)):
            if keys is not None and source.noise is not None:
                value = value + source.noise * jax.random.normal(keys[number], value.shape, value.dtype)
            found.append(scale_at(source.scale, rollout) * value)
        return jnp.stack(found, axis=-1)


@ENVIRONMENTS.add
@part
class MultiTask:
    """Tasks side by side in every batch, each with its own world, reward scale, noise and share of the prompts.

    The tasks' prompts stand one after the other, and so do their states: a table shares no parameter between them, a
    policy with features does. Source m of a completion is its task's m-th; a task with fewer gives 0 for the rest.
    """

    kind: Literal["multi_task"] = static(default="multi_task")
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between fields that are each in range: (field, sentence)."""
        names = self.task_names
        for index, task in enumerate(self.tasks):
            key = f"tasks[{index}]"
            if task.name in names[:index]:
                yield f"{key}.name", f"another task is called {task.name!r}"
            if task.world.vocab_size != self.vocab_size:
                said = f"{task.world.vocab_size} tokens, the first task's {self.vocab_size}: all share one vocabulary"
                yield f"{key}.world", f"this world's vocabulary has {said}"
            yield from ((f"{key}.world.{inner}", sentence) for inner, sentence in task.world.problems())
            yield from scale_problems(task.scale, f"{key}.scale")
            for number, source in enumerate(task.sources):
                yield from scale_problems(source.scale, f"{key}.sources[{number}].scale")
                named = {token for text in source.reward.texts() for token in text}
                if named and max(named) >= self.vocab_size:
                    outside = f"token {max(named)} is outside the vocabulary 0 to {self.vocab_size - 1}"
                    yield f"{key}.sources[{number}].reward", outside

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(task.name for task in self.tasks)

    @property
    def num_prompts(self) -> int:
        return sum(task.world.num_prompts for task in self.tasks)

    @property
    def vocab_size(self) -> int:
        return self.tasks[0].world.vocab_size

    @property
    def max_length(self) -> int:
        return max(task.world.max_length for task in self.tasks)

    @property
    def num_states(self) -> int:
        return sum(task.world.num_states for task in self.tasks)

    @property
    def num_sources(self) -> int:
        return max(task.num_sources for task in self.tasks)

    @property
    def num_outcomes(self) -> int | None:
        counts = [task.num_outcomes for task in self.tasks]
        return None if None in counts else max(counts)

    @property
    def num_completions(self) -> int:
        together = sum(task.world.num_completions for task in self.tasks)
        return len(self.completions()) if together <= MAX_LISTED else together

    def prompt_tasks(self) -> Int[np.ndarray, " P"]:
        return np.repeat(np.arange(len(self.tasks)), [task.world.num_prompts for task in self.tasks])

    def _places(self) -> Iterator[tuple[Task, slice, int]]:
        """Each task with its prompts and the first of its states."""
        prompt = state = 0
        for task in self.tasks:
            yield task, slice(prompt, prompt + task.world.num_prompts), state
            prompt, state = prompt + task.world.num_prompts, state + task.world.num_states

    def start(self) -> Int[Array, " P"]:
        return jnp.concatenate([state + task.world.start() for task, _, state in self._places()])

    def step(
        self, states: Int[Array, "P G"], tokens: Int[Array, "P G"], position: Int[Array, ""]
    ) -> tuple[Int[Array, "P G"], Bool[Array, "P G"]]:
        followed = [
            (state, *task.world.step(states[prompts] - state, tokens[prompts], position))
            for task, prompts, state in self._places()
        ]
        return (
            jnp.concatenate([state + following for state, following, _ in followed]),
            jnp.concatenate([done for _, _, done in followed]),
        )

    def follows(self, states: Int[Array, "P G"]) -> Int[Array, "P G"] | None:
        each = [(prompts, task.world.follows(states[prompts] - state)) for task, prompts, state in self._places()]
        if all(token is None for _, token in each):
            return None
        return jnp.concatenate([jnp.full_like(states[p], -1) if token is None else token for p, token in each])

    def _own(self, task: Task, prompts: slice, tokens: Array, mask: Array) -> tuple[Array, Array]:
        length = task.world.max_length
        return tokens[prompts, :, :length], mask[prompts, :, :length]

    def _together(self, parts: list[Array]) -> Float[Array, "P *X M"]:
        """Stack what the tasks give; a source that a task does not have gives 0."""
        widened = [
            jnp.pad(part, [(0, 0)] * (part.ndim - 1) + [(0, self.num_sources - part.shape[-1])]) for part in parts
        ]
        return jnp.concatenate(widened)

    def expected_rewards(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        return self._together(
            [task.expected(*self._own(task, prompts, tokens, mask), rollout) for task, prompts, _ in self._places()]
        )

    def sample_rewards(
        self, key: Array, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Float[Array, "P G M"]:
        keys = jax.random.split(key, len(self.tasks))
        return self._together(
            [
                task.sample(key, *self._own(task, prompts, tokens, mask), rollout)
                for key, (task, prompts, _) in zip(keys, self._places(), strict=True)
            ]
        )

    def reward_outcomes(
        self, tokens: Int[Array, "P G T"], mask: Bool[Array, "P G T"], rollout: Int[Array, ""]
    ) -> Outcomes | None:
        if self.num_outcomes is None:
            return None
        values, chances = [], []
        for task, prompts, _ in self._places():
            value, chance = task.outcomes(*self._own(task, prompts, tokens, mask), rollout)
            missing = self.num_outcomes - chance.shape[-1]  # outcomes that other tasks have and this one never
            values.append(jnp.pad(value, ((0, 0), (0, 0), (0, missing), (0, 0))))
            chances.append(jnp.pad(chance, ((0, 0), (0, 0), (0, missing))))
        return self._together(values), jnp.concatenate(chances)

    def completions(self) -> Int[np.ndarray, "C T"]:
        listed = [task.world.completions() for task in self.tasks]
        padded = [np.pad(rows, ((0, 0), (0, self.max_length - rows.shape[1])), constant_values=-1) for rows in listed]
        return np.unique(np.concatenate(padded), axis=0)
