"""A run a point and seed, as tools that follow training runs want them: named, with what it was run with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .problems import ExportError
from .sources import Source

if TYPE_CHECKING:
    from ..run.run import Run

MAX_NAME = 100  # characters of a run's name, bytes of a folder's


@dataclass(frozen=True)
class Lane:
    """Some updates of one point and seed: `steps[U]` counts updates from the run's first on, `values[U, metrics]`."""

    point: int
    seed: int
    steps: np.ndarray
    values: np.ndarray

    @property
    def logged(self) -> Iterator[tuple[int, np.ndarray]]:
        """Step by step its row."""
        return zip(self.steps.tolist(), self.values, strict=True)


@dataclass(frozen=True)
class Lanes:
    """How a source of updates falls into runs."""

    run: Run
    source: Source

    @property
    def metrics(self) -> list[str]:
        return self.source.values

    def name(self, point: int) -> str:
        """A point's label, as a folder may be called; with the point's number where another one has the same."""
        names = [folder_name(label) for label in self.run.labels]
        return names[point] if names.count(names[point]) == 1 else f"{names[point]} ({point})"

    def config(self, point: int, seed: int) -> dict[str, Any]:
        """What tells a run apart."""
        return {**self.run.values(point), "label": self.run.labels[point], "point": point, "seed": seed}

    def updates_of(self, point: int) -> int:
        """How many updates a rollout of the point makes."""
        training = self.run.experiment(point)["training"]
        return training["epochs"] * training.get("minibatches", 1)

    def pieces(self) -> Iterator[tuple[float, list[Lane]]]:
        """(share of the work done, what a piece has of each run)."""
        for done, table in self.source.pieces():
            yield done, list(self._split(table))

    def _split(self, table: pa.Table) -> Iterator[Lane]:
        columns = {name: table[name].to_numpy() for name in ("point", "seed", "rollout", "update")}
        values = [np.asarray(table[name].to_numpy(), dtype=float) for name in self.metrics]
        matrix = np.column_stack(values) if values else np.zeros((len(table), 0))
        order = np.lexsort([columns[name] for name in ("update", "rollout", "seed", "point")])
        points, seeds = columns["point"][order], columns["seed"][order]
        edges = np.flatnonzero((np.diff(points) != 0) | (np.diff(seeds) != 0)) + 1
        for rows in np.split(order, edges) if len(order) else []:
            point, seed = int(columns["point"][rows[0]]), int(columns["seed"][rows[0]])
            steps = columns["rollout"][rows].astype(np.int64) * self.updates_of(point) + columns["update"][rows]
            yield Lane(point, seed, steps, matrix[rows])


def bounded(points: int, seeds: int, most: int, tool: str) -> None:
    """Raises ExportError where there are more runs than a tool can show."""
    if points * seeds > most:
        raise ExportError(
            "where",
            f"{points:,} points × {seeds:,} seeds are {points * seeds:,} runs; {tool} gets {most:,} at most: choose, "
            "as in seed=0",
        )


def folder_name(label: str) -> str:
    """A label without what a path is made of."""
    name = re.sub(r"[/\\:*?\"<>|\x00-\x1f]+", "-", label).strip(" .")
    return name.encode()[:MAX_NAME].decode(errors="ignore") or "run"
