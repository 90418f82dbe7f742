"""A run per point and seed, as tools that follow training runs want them: named, with its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quantities.parameters import updates_per_rollout
from ..run.stored_tokens import ROW
from .source import Source

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


@dataclass(frozen=True)
class Lanes:
    """A source of updates, cut into runs."""

    run: Run
    source: Source

    @property
    def metrics(self) -> list[str]:
        return self.source.values

    def name(self, point: int) -> str:
        """A point's label, as a folder may be called; with the point's number where another one has the same."""
        names = [_folder_name(label) for label in self.run.labels]
        return names[point] if names.count(names[point]) == 1 else f"{names[point]} ({point})"

    def config(self, point: int, seed: int) -> dict[str, Any]:
        """What tells a run apart."""
        return {**self.run.values(point), "label": self.run.labels[point], "point": point, "seed": seed}

    def pieces(self) -> Iterator[tuple[float, list[Lane]]]:
        """(share of the work done, what a piece has of each run)."""
        for done, table in self.source.pieces():
            rows = table.select([*ROW, *self.metrics]).to_pandas().sort_values([*ROW], kind="stable")
            lanes = []
            for (point, seed), part in rows.groupby(["point", "seed"]):
                steps = part["rollout"].to_numpy(np.int64) * updates_per_rollout(self.run, point) + part["update"]
                lanes.append(Lane(point, seed, steps.to_numpy(), part[self.metrics].to_numpy(float)))
            yield done, lanes


def _folder_name(label: str) -> str:
    """A label without what a path is made of."""
    name = re.sub(r"[/\\:*?\"<>|\x00-\x1f]+", "-", label).strip(" .")
    return name.encode()[:MAX_NAME].decode(errors="ignore") or "run"
