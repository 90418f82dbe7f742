"""The experiment: one pytree that says everything about a run but its seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field

from .exact import Oracle, enumerable
from .parts import Count, part, static
from .probes import BUILT_IN, COMPARED_BY, PROBES
from .rollouts import Fixed, Recorded, Sampled

NEEDS_A_FILE = "'recorded' has its completions in a file: ratiodrift replay ROLLOUTS SCENARIO"


@part
class Training:
    """How long, how many, in which precision. An update is one optimizer step.

    A rollout makes `epochs` × `minibatches` updates (the papers' μ). `seeds` runs are made of every point, keyed by
    `seed`, `seed` + 1, …; both are read by whoever makes the keys, not by the loop.
    """

    num_rollouts: Count = static()
    group_size: Count = static()
    epochs: Count = static(default=1)
    minibatches: Count = static(default=1)
    precision: Literal["float64", "float32"] = static(default="float64")
    seeds: Count = 1
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0

    @property
    def updates_per_rollout(self) -> int:
        return self.epochs * self.minibatches


@part
class Stride:
    """Every how many rollouts."""

    every: Count = static(default=1)


def _known_probes(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in PROBES:
            reason = PROBES.unusable.get(name, f"there are {', '.join(sorted(PROBES.members))}")
            raise ValueError(f"no probe {name!r}; {reason}")
    return names


@part
class Record:
    """What is kept: the metrics of the named probes for every update, per-token ratios of every n-th rollout.

    An `oracle` says of every rollout's first gradient what it is on average, against the gradient of the return. With
    `twin` the optimizer's memoryless twin runs beside it, on the same random numbers: what differs, memory caused.
    """

    probes: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_known_probes)] = static(default=BUILT_IN)
    ratios: Stride | None = None
    oracle: Oracle | None = None
    twin: Annotated[bool, Field(strict=True)] = static(default=False)

    @property
    def active_probes(self) -> tuple[str, ...]:
        """The probes that have something to say: the oracle's and the twin's only where there is one."""
        of_oracles = {None: {"bias", "bias_error"}, "enumerated": {"bias_error"}}
        silent = of_oracles.get(getattr(self.oracle, "kind", None), set()) | ({"twin"} if not self.twin else set())
        return tuple(name for name in self.probes if name not in silent)

    @property
    def foreign_probes(self) -> list[str]:
        """The probes that this package does not have: they were added from Python, or by an installed package."""
        return [name for name in self.probes if name not in BUILT_IN]

    @property
    def attributed(self) -> bool:
        """Whether updates are taken apart."""
        return "attribution" in self.probes

    def of_twin(self) -> Record:
        """What is recorded of a twin: what it is compared by."""
        return Record(probes=tuple(name for name in COMPARED_BY if name in self.probes))

    @property
    def token_stride(self) -> int | None:
        return None if self.ratios is None else self.ratios.every


@part
class Experiment:
    """One point: its static fields are structure, its leaves are hyperparameters."""

    environment: Any
    policy: Any
    method: Any
    optimizer: Any
    training: Training
    rollouts: Any = Sampled()
    record: Record = Record()

    @property
    def needs_rollouts(self) -> bool:
        """Whether the environment is known by recorded rollouts alone, and they are not there yet."""
        return not getattr(self.environment, "complete", True) and not isinstance(self.rollouts, Recorded)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong between parts that are each right: (dotted key, sentence)."""
        if self.needs_rollouts:
            return  # what there is to say depends on them
        surrogate = self.method.surrogate()
        yield from ((f"method.{key}", sentence) for key, sentence in surrogate.problems())
        yield from self._group_problems()
        yield from self._source_problems()
        yield from self._reward_problems()
        yield from self._fixed_problems()
        yield from self._oracle_problems()
        yield from self._twin_problems()
        misfits = getattr(self.policy, "misfits", lambda environment: ())
        yield from ((f"policy.{field}", sentence) for field, sentence in misfits(self.environment))

    def _group_problems(self) -> Iterator[tuple[str, str]]:
        group_size, minibatches = self.training.group_size, self.training.minibatches
        advantage = self.method.surrogate().advantage
        if group_size == 1 and advantage.needs_group:
            yield (
                "training.group_size",
                (
                    f"a group of one has nothing to compare with: the {advantage.kind} advantage of method "
                    f"{self.method.name or self.method.dialect!r} needs at least 2"
                ),
            )
        completions = self.environment.num_prompts * group_size
        if completions % minibatches:
            yield (
                "training.minibatches",
                (
                    f"{minibatches} does not divide the {completions} completions of a rollout "
                    f"({self.environment.num_prompts} prompts × group_size {group_size})"
                ),
            )

    def _source_problems(self) -> Iterator[tuple[str, str]]:
        weights, sources = getattr(self.method.surrogate().advantage, "weights", None), self.environment.num_sources
        if weights is not None and len(weights) != sources:
            yield "method.advantage.weights", f"{len(weights)} numbers for {sources} reward source{'s' * (sources > 1)}"

    def _reward_problems(self) -> Iterator[tuple[str, str]]:
        """Advantages that the rewards, where they are known before the run, leave undefined."""
        advantage, recorded = self.method.surrogate().advantage, isinstance(self.rollouts, Recorded)
        if recorded and self.rollouts.advantages is not None:
            return
        if recorded and "greedy" in advantage.reads:
            yield "method.name", f"{advantage.kind} needs the reward of the greedy completion, which no file has"
        known = getattr(self.environment, "rewards", None)
        if recorded:
            known = self.rollouts.sources.sum(axis=-1)
        if getattr(advantage, "needs_positive", False) and isinstance(known, np.ndarray) and known.min() < 0:
            yield (
                "method.name",
                f"{advantage.kind} divides by the group's mean reward: with negative rewards ({known.min():g}) its "
                "sign and size mean nothing",
            )

    def _oracle_problems(self) -> Iterator[tuple[str, str]]:
        oracle, surrogate = self.record.oracle, self.method.surrogate()
        problem = getattr(oracle, "problem", None)
        on_policy = self.rollouts.staleness == 0
        if isinstance(self.rollouts, Fixed | Recorded) and oracle is not None:
            kind = self.rollouts.kind
            yield "record.oracle", f"{kind} completions are not drawn from the policy: their gradient has no mean"
        elif oracle is not None and "greedy" in surrogate.advantage.reads:
            yield "record.oracle", f"the baseline of {surrogate.advantage.kind} is not known to it"
        elif problem and (sentence := problem(self.environment, surrogate, self.training.group_size, on_policy)):
            yield "record.oracle", sentence

    def _twin_problems(self) -> Iterator[tuple[str, str]]:
        if self.record.twin and "twin" not in self.record.probes:
            yield "record.twin", "is recorded by the probe 'twin', which record.probes leaves out"
        if self.record.twin and self.optimizer.memoryless() is None:
            unknown = f"the memoryless twin of {self.optimizer.name} is not known"
            yield "record.twin", f"{unknown}; name one: twin = {{ name = … }} in [optimizer]"

    def _fixed_problems(self) -> Iterator[tuple[str, str]]:
        if not isinstance(self.rollouts, Fixed):
            return
        said = np.asarray(self.rollouts.completions)
        prompts, group_size, length = said.shape
        environment, key = self.environment, "rollouts.completions"
        if prompts != environment.num_prompts:
            yield key, f"{prompts} groups for {environment.num_prompts} prompts"
        if group_size != self.training.group_size:
            yield key, f"{group_size} completions per prompt, but training.group_size = {self.training.group_size}"
        if length > environment.max_length:
            yield key, f"a completion of {length} tokens; the environment's longest has {environment.max_length}"
        if said.max() >= environment.vocab_size:
            yield key, f"a token outside the vocabulary 0 to {environment.vocab_size - 1}"
        end = getattr(environment, "end_token", None)
        if ((said[..., :-1] == end) & (said[..., 1:] >= 0)).any():
            yield key, f"a completion goes on after token {end}, which ends it"
        elif length <= environment.max_length and said.max() < environment.vocab_size and enumerable(environment):
            known = {_said(row) for row in environment.completions()}
            for text in (row[row >= 0].tolist() for group in said for row in group):
                if _said(text) not in known:
                    yield key, f"{text} cannot be said to a prompt of this environment"


def _said(text: np.ndarray | list[int]) -> tuple[int, ...]:
    """A completion without what may be left out at its end: −1 after it, and zeros."""
    return tuple(np.trim_zeros(np.maximum(text, 0), "b").tolist())
