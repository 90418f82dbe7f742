"""Computing a job: its blocks through its chunks, as many blocks at a time as this process has cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import jax
import numpy as np

from ..types import Trace
from .plan import Job, Plan, jobs
from .program import Program, State, compile_chunk


@dataclass(frozen=True)
class Chunk:
    """What some rollouts of a job's lanes recorded: lanes × rollouts (× updates)."""

    points: np.ndarray  # [L]
    seeds: np.ndarray  # [L]
    rollouts: np.ndarray  # [C]
    recorded_rollouts: np.ndarray  # of trace.tokens
    trace: Trace


@dataclass(frozen=True)
class Computed:
    """A chunk as the device leaves it."""

    job: Job
    index: int
    points: np.ndarray
    seeds: np.ndarray
    rollouts: np.ndarray
    recorded_rollouts: np.ndarray
    traces: list[Trace]  # of some blocks each
    state: State | None  # after the chunk; None after the last

    def fetch(self) -> Chunk:
        """The chunk on the host, without the lanes that filled the last block."""
        trace = _together(jax.device_get(self.traces), self.job.lanes)
        count, slots = len(self.rollouts), len(self.recorded_rollouts)
        trimmed = Trace(
            metrics={name: values[:, :count] for name, values in trace.metrics.items()},
            tokens=jax.tree.map(lambda leaf: leaf[:, :slots], trace.tokens),
            params=trace.params,
        )
        return Chunk(self.points, self.seeds, self.rollouts, self.recorded_rollouts, trimmed)


class Computer:
    """Computes the jobs of a plan in this process, which keeps the compiled programs.

    What jax takes for so many host devices is so many threads here, each of which has a block.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._compilers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="compile")
        cores = jax.local_device_count() if jax.default_backend() == "cpu" else 1
        self._cores = ThreadPoolExecutor(max_workers=cores, thread_name_prefix="compute")
        self._programs: dict[int, Future[Program]] = {}

    def expect(self, structure: int) -> Future[Program]:
        """Begin to compile a structure's program, if that has not begun."""
        if structure not in self._programs:
            args = self.plan.structures[structure], self.plan.layouts[structure]
            self._programs[structure] = self._compilers.submit(compile_chunk, *args)
        return self._programs[structure]

    def chunks(self, job: Job, done: int = 0, state: State | None = None) -> Iterator[Computed]:
        """The chunks of a job from number `done` on, whose lanes were left in `state` by the one before."""
        structure, layout = self.plan.structures[job.structure], self.plan.layouts[job.structure]
        program = self.expect(job.structure).result()
        stride, double = structure.example.record.token_stride, structure.example.training.precision == "float64"
        lanes = np.arange(job.first_lane, job.first_lane + job.lanes)
        local, seeds = lanes // self.plan.seeds, self.plan.first_seed + lanes % self.plan.seeds
        order = np.arange(job.lanes)
        width = layout.lane_width
        groups = [np.resize(order[start : start + width], width) for start in range(0, job.lanes, width)]
        experiments = [jax.tree.map(lambda leaf, g=g: leaf[local[g]], structure.stacked) for g in groups]
        numbers = [seeds[g].astype(np.uint32) for g in groups]
        states = [None if state is None else [leaf[g] for leaf in state] for g in groups]

        def compute(experiment: Any, seeds: np.ndarray, state: State | None, first: int) -> tuple[State, Trace]:
            with jax.enable_x64(double):
                return jax.block_until_ready(program(experiment, seeds, state, first))

        for index in range(done, job.num_chunks):
            first = index * layout.rollouts_per_chunk
            parts = list(self._cores.map(compute, experiments, numbers, states, repeat(first)))
            states, kept = [state for state, _ in parts], None
            if index + 1 < job.num_chunks:  # a copy: the next call uses the state up
                kept = _together([[np.array(leaf) for leaf in state] for state in states], job.lanes)  # type: ignore[union-attr]
            traces = [trace for _, trace in parts]
            rollouts = np.arange(first, min(first + layout.rollouts_per_chunk, layout.num_rollouts))
            recorded = rollouts[rollouts % stride == 0] if stride else rollouts[:0]
            yield Computed(job, index, np.asarray(structure.points)[local], seeds, rollouts, recorded, traces, kept)

    def close(self) -> None:
        for threads in (self._compilers, self._cores):
            threads.shutdown(wait=False, cancel_futures=True)


def execute(plan: Plan) -> Iterator[Chunk]:
    """Compute a plan in memory, chunk after chunk, in float64 or float32 as the experiments' precision says."""
    computer, waiting = Computer(plan), deque[Future[Chunk]]()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="fetch") as fetcher:
        try:
            for structure in range(len(plan.structures)):
                computer.expect(structure)
            for job in jobs(plan):
                for computed in computer.chunks(job):
                    waiting.append(fetcher.submit(computed.fetch))
                    if len(waiting) > 1:
                        yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            computer.close()


def _together(parts: list[Any], lanes: int) -> Any:
    """One pytree of several, lanes one after the other, without those that filled the last block."""
    whole = parts[0] if len(parts) == 1 else jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    return jax.tree.map(lambda leaf: leaf[:lanes], whole)
