"""The plan of a sweep: which points share a program, how wide they run, into which chunks the work is cut.

Points that differ only in numbers share one compiled program. Each (point, seed) is a *lane*; lanes run side by side
in *blocks* of a fixed width. A *job* is some blocks of one structure from their first rollout to their last; it is cut
along the rollouts into *chunks*, which are computed, written and resumed whole.

All of it follows from the scenario alone, never from who carries it out: the same plan gives the same bytes on one
core, on many, and on a cluster. Nothing here grows with the number of chunks: they are counted, not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from ..experiment import Experiment
from ..scenario.load import Scenario
from ..scenario.matching import Point
from . import costs as estimates

MAX_LANES = {"cpu": 64, "gpu": 4096}  # on a core, wider gains nothing even for the smallest problems
LIVE_BYTES = {"cpu": 2**20, "gpu": 2**28}  # what the lanes' state may take: a core's cache, a part of a card's memory
CHUNK_BYTES = 2**26  # what the recorded arrays of one chunk may take
CHUNK_SECONDS = (0.25, 8.0)  # a chunk of a small sweep, of a huge one: little is lost with it, and files stay few
CHUNKS_WANTED = 256
MAX_DEVICES = 16  # of one process; more cores are for more processes


@dataclass(frozen=True)
class Structure:
    """The points that share one compiled program; `stacked` is their experiment with leaves `[N, …]`."""

    points: list[int]
    stacked: Experiment
    example: Experiment


@dataclass(frozen=True)
class Layout:
    """How the lanes of one structure are laid out: a block is `lane_width` lanes side by side."""

    lanes: int
    lane_width: int
    blocks_per_job: int
    rollouts_per_chunk: int
    num_rollouts: int

    @property
    def lanes_per_job(self) -> int:
        return self.lane_width * self.blocks_per_job

    @property
    def num_jobs(self) -> int:
        return -(-self.lanes // self.lanes_per_job)

    @property
    def chunks_per_job(self) -> int:
        return -(-self.num_rollouts // self.rollouts_per_chunk)


@dataclass(frozen=True)
class Job:
    """Some lanes of one structure, from the first rollout to the last: what one worker takes."""

    number: int
    structure: int
    first_lane: int
    lanes: int
    num_chunks: int


@dataclass(frozen=True)
class Plan:
    """What will be computed, known before anything is."""

    structures: list[Structure]
    num_points: int
    seeds: int
    first_seed: int

    @cached_property
    def costs(self) -> list[estimates.Cost]:
        """What one rollout of one lane of each structure costs."""
        return [estimates.cost(structure.example) for structure in self.structures]

    @cached_property
    def layouts(self) -> list[Layout]:
        """How each structure's lanes are laid out."""
        rollouts = [structure.example.training.num_rollouts for structure in self.structures]
        lanes = [len(structure.points) * self.seeds for structure in self.structures]
        total = sum(cost.seconds * n * count for cost, n, count in zip(self.costs, lanes, rollouts, strict=True))
        seconds = float(np.clip(total / CHUNKS_WANTED, *CHUNK_SECONDS))
        return [
            lay_out(structure.example, n, cost, seconds)
            for structure, n, cost in zip(self.structures, lanes, self.costs, strict=True)
        ]

    @cached_property
    def _first_jobs(self) -> list[int]:
        """The number of each structure's first job, and at the end how many jobs there are."""
        return [0, *np.cumsum([each.num_jobs for each in self.layouts]).tolist()]

    @property
    def num_jobs(self) -> int:
        return self._first_jobs[-1]

    def job(self, number: int) -> Job:
        """The job of this number, 0 … num_jobs − 1."""
        which = int(np.searchsorted(self._first_jobs, number, side="right")) - 1
        layout = self.layouts[which]
        first = (number - self._first_jobs[which]) * layout.lanes_per_job
        lanes = min(layout.lanes_per_job, layout.lanes - first)
        return Job(number, which, first, lanes, layout.chunks_per_job)

    def structures_of(self, numbers: Sequence[int]) -> list[int]:
        """The structures that the jobs of these numbers belong to."""
        return np.unique(np.searchsorted(self._first_jobs, numbers, side="right") - 1).tolist()

    @cached_property
    def chunks_of_jobs(self) -> np.ndarray:
        """How many chunks each job has: `[jobs]`."""
        return np.repeat([each.chunks_per_job for each in self.layouts], [each.num_jobs for each in self.layouts])

    @property
    def num_chunks(self) -> int:
        return sum(each.num_jobs * each.chunks_per_job for each in self.layouts)

    @property
    def num_updates(self) -> int:
        """Optimizer steps of all runs together."""
        each = ((len(group.points), group.example.training) for group in self.structures)
        return self.seeds * sum(n * training.num_rollouts * training.updates_per_rollout for n, training in each)

    def updates_in(self, whole_chunks: np.ndarray) -> int:
        """Optimizer steps of the first so many chunks of each job, `[jobs]`."""
        total = 0
        for structure, layout, first in zip(self.structures, self.layouts, self._first_jobs[:-1], strict=True):
            lanes = np.full(layout.num_jobs, layout.lanes_per_job)
            lanes[-1] = layout.lanes - (layout.num_jobs - 1) * lanes[0]
            rollouts = np.minimum(
                whole_chunks[first : first + layout.num_jobs] * layout.rollouts_per_chunk, layout.num_rollouts
            )
            total += int(lanes @ rollouts) * structure.example.training.updates_per_rollout
        return total

    def describe(self) -> dict[str, object]:
        """The plan as plain values, for the manifest."""
        return {
            "points": self.num_points,
            "seeds": self.seeds,
            "first_seed": self.first_seed,
            "updates": self.num_updates,
            "chunks": self.num_chunks,
            "structures": [
                {
                    "points": group.points,
                    "lane_width": layout.lane_width,
                    "blocks": layout.blocks_per_job,
                    "stretch": layout.rollouts_per_chunk,
                }
                for group, layout in zip(self.structures, self.layouts, strict=True)
            ],
        }


def make_plan(scenario: Scenario) -> Plan:
    """Group the points by structure."""
    training = scenario.training
    structures = by_structure(scenario.points, range(len(scenario.points)))
    return Plan(structures, len(scenario.points), training.seeds, training.seed)


def by_structure(points: Sequence[Point], which: Iterable[int]) -> list[Structure]:
    """Some of the points by structure: equal static fields and equal shapes."""
    groups: dict[tuple[Any, Any], tuple[list[int], list[list]]] = {}
    for index in which:
        leaves, treedef = jax.tree.flatten(points[index].experiment)
        shapes = tuple([getattr(leaf, "shape", ()) for leaf in leaves])
        indices, rows = groups.setdefault((treedef, shapes), ([], []))
        indices.append(index)
        rows.append(leaves)
    structures = []
    for (treedef, _), (indices, rows) in groups.items():
        stacked = treedef.unflatten([np.array(column) for column in zip(*rows, strict=True)])
        structures.append(Structure(points=indices, stacked=stacked, example=points[indices[0]].experiment))
    return structures


def lay_out(example: Experiment, lanes: int, cost: estimates.Cost, seconds: float) -> Layout:
    """Lanes as wide as a core's cache holds them, chunks of about so many seconds and of bounded memory."""
    device = "cpu" if jax.default_backend() == "cpu" else "gpu"
    fitting = max(LIVE_BYTES[device] / cost.live_bytes, 1)
    shared = max(lanes / 2, 1)  # not all in one block: two cores can share them
    lane_width = 2 ** int(np.log2(min(fitting, MAX_LANES[device], shared)))
    num_rollouts = example.training.num_rollouts
    most = max(min(seconds / cost.seconds, CHUNK_BYTES / cost.recorded_bytes), 1)  # lanes × rollouts of a chunk
    there = -(-lanes // lane_width)
    fewest = min(int(np.ceil(np.sqrt(there))), MAX_DEVICES)  # blocks for one process's devices, jobs for processes
    rollouts_per_chunk = _evenly(num_rollouts, most / (lane_width * fewest))
    blocks_per_job = _evenly(
        there, max(most / (lane_width * rollouts_per_chunk) if rollouts_per_chunk == num_rollouts else 1, fewest)
    )
    return Layout(
        lanes=lanes,
        lane_width=lane_width,
        blocks_per_job=blocks_per_job,
        rollouts_per_chunk=rollouts_per_chunk,
        num_rollouts=num_rollouts,
    )


def _evenly(total: int, most: int | float) -> int:
    """The size of equal parts, none larger than `most`, so that the last one is hardly smaller."""
    parts = -(-total // max(int(most), 1))
    return -(-total // parts)


def jobs(plan: Plan) -> Iterator[Job]:
    """All jobs, in the order of the points."""
    return map(plan.job, range(plan.num_jobs))
