"""A sweep is the loop under `vmap`, once per distinct structure.

Points that differ only in numbers share one compiled program. Each (point, seed) is a *lane*; lanes run side by side
in a width that depends on the structure alone, so that the same structure compiles once however many points there
are, and rollouts are gone through in equal stretches, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np

from simulator import loop
from simulator.experiment import Experiment
from simulator.matching import Point
from simulator.scenario import Scenario
from simulator.types import Params, Trace

MOST_LANES = 64  # wider gains nothing even for the smallest problems
LIVE_BYTES = 2**20  # what the lanes' state may take to stay in a core's cache
ARRAYS_ALIVE = 12  # about so many arrays of the size of the parameters live in one update
STRETCH = 50  # rollouts in one call of the compiled program, at most
STRETCH_BYTES = 2**27  # what the recorded arrays of one call may take


@dataclass(frozen=True)
class Structure:
    """The points that share one compiled program; `stacked` is their experiment with leaves `[N, …]`."""

    points: list[int]
    stacked: Experiment
    example: Experiment

    @cached_property
    def lane_width(self) -> int:
        environment, training = self.example.environment, self.example.training
        table = environment.num_states * environment.vocab_size
        tokens = environment.num_prompts * training.group_size * environment.max_length
        recorded = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(self.example.rollouts))
        live = 8 * ARRAYS_ALIVE * (table + tokens) + recorded
        return int(np.clip(2 ** int(np.log2(max(LIVE_BYTES / live, 1))), 1, MOST_LANES))

    @cached_property
    def stretch(self) -> int:
        """How many rollouts one call makes: equal stretches, so that the last one is hardly padded."""
        environment, training, record = self.example.environment, self.example.training, self.example.record
        numbers = 40 * training.updates_per_rollout
        if record.token_stride is not None:
            tokens = environment.num_prompts * training.group_size * environment.max_length
            numbers += training.updates_per_rollout * tokens / record.token_stride
        most = int(np.clip(STRETCH_BYTES / (8 * numbers * self.lane_width), 1, STRETCH))
        calls = -(-training.num_rollouts // most)
        return -(-training.num_rollouts // calls)


@dataclass(frozen=True)
class Chunk:
    """What one call recorded, padding removed: lanes × rollouts (× updates)."""

    points: np.ndarray  # [L]
    seeds: np.ndarray  # [L]
    rollouts: np.ndarray  # [C]
    recorded_rollouts: np.ndarray  # of trace.tokens
    trace: Trace

    def last_params(self) -> dict[tuple[int, int], Params]:
        """The parameters after the chunk, by point and seed."""
        lanes = zip(self.points.tolist(), self.seeds.tolist(), strict=True)
        return {which: jax.tree.map(lambda leaf, n=n: leaf[n], self.trace.params) for n, which in enumerate(lanes)}


@dataclass(frozen=True)
class Plan:
    """What will be computed, known before anything is."""

    structures: list[Structure]
    num_points: int
    seeds: int
    first_seed: int

    @property
    def num_updates(self) -> int:
        """Optimizer steps of all runs together."""
        each = ((len(group.points), group.example.training) for group in self.structures)
        return self.seeds * sum(n * training.num_rollouts * training.updates_per_rollout for n, training in each)

    def describe(self) -> dict[str, object]:
        """The plan as plain values, for the manifest."""
        return {
            "points": self.num_points,
            "seeds": self.seeds,
            "first_seed": self.first_seed,
            "updates": self.num_updates,
            "structures": [
                {"points": group.points, "lane_width": group.lane_width, "stretch": group.stretch}
                for group in self.structures
            ],
        }


def plan(scenario: Scenario) -> Plan:
    """Group the points by structure."""
    training = scenario.training
    structures = by_structure(scenario.points, range(len(scenario.points)))
    return Plan(structures, len(scenario.points), training.seeds, training.seed)


def by_structure(points: Sequence[Point], which: Iterable[int]) -> list[Structure]:
    """Some of the points by structure: equal static fields and equal shapes."""
    groups: dict[object, list[int]] = {}
    for index in which:
        leaves, treedef = jax.tree.flatten(points[index].experiment)
        groups.setdefault((treedef, tuple(np.shape(leaf) for leaf in leaves)), []).append(index)
    structures = []
    for group in groups.values():
        experiments = [points[index].experiment for index in group]
        stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *experiments)
        structures.append(Structure(points=group, stacked=stacked, example=experiments[0]))
    return structures


@jax.jit
def _init(experiments: Experiment, keys: jax.Array) -> loop.State:
    return jax.vmap(loop.init)(experiments, keys)


@partial(jax.jit, static_argnames="count", donate_argnames="state")
def compiled_advance(
    experiments: Experiment, keys: jax.Array, state: loop.State, first: jax.Array, count: int
) -> tuple[loop.State, Trace]:
    """`loop.advance` over lanes. Compiled once per structure; the tests count."""
    return jax.vmap(lambda *lane: loop.advance(*lane, first, count))(experiments, keys, state)


def execute(todo: Plan) -> Iterator[Chunk]:
    """Compute the plan, one chunk after the other. Float64 or float32, as the experiments' precision says."""
    for structure in todo.structures:
        with jax.enable_x64(structure.example.training.precision == "float64"):
            yield from _execute(structure, todo)


def _execute(structure: Structure, todo: Plan) -> Iterator[Chunk]:
    width, stretch = structure.lane_width, structure.stretch
    num_rollouts, stride = structure.example.training.num_rollouts, structure.example.record.token_stride
    lanes = np.arange(len(structure.points) * todo.seeds)
    for start in range(0, len(lanes), width):
        lane = lanes[start : start + width]
        padded = np.resize(lane, width)
        local, seed = padded // todo.seeds, todo.first_seed + padded % todo.seeds
        experiments = jax.tree.map(lambda leaf, local=local: leaf[local], structure.stacked)
        keys = jax.vmap(jax.random.key)(jnp.asarray(seed, jnp.uint32))
        state = _init(experiments, keys)
        for first in range(0, num_rollouts, stretch):
            state, trace = compiled_advance(experiments, keys, state, jnp.asarray(first, jnp.int32), stretch)
            rollouts = np.arange(first, min(first + stretch, num_rollouts))
            recorded = np.array([]) if stride is None else rollouts[rollouts % stride == 0]
            yield Chunk(
                points=np.asarray(structure.points)[local[: len(lane)]],
                seeds=seed[: len(lane)],
                rollouts=rollouts,
                recorded_rollouts=recorded,
                trace=_trim(jax.device_get(trace), len(lane), len(rollouts), len(recorded)),
            )


def _trim(trace: Trace, lanes: int, rollouts: int, slots: int) -> Trace:
    return Trace(
        metrics={name: values[:lanes, :rollouts] for name, values in trace.metrics.items()},
        tokens=jax.tree.map(lambda leaf: leaf[:lanes, :slots], trace.tokens),
        params=jax.tree.map(lambda leaf: leaf[:lanes], trace.params),
    )
