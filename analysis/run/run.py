"""A run directory as tidy pandas frames."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..lazy import pd
from .readings import readings_of
from .stored import Stored
from .stored_tokens import StoredTokens

SCHEMA_VERSION = 2
LEARNING_RATE = "optimizer.learning_rate"


class RunError(Exception):
    """A directory that is no run, or one of another schema version."""


class Points:
    """What the points are: swept values, experiments, what was worked out before the run.

    Each part is written once (`tabulated` in the simulator's manifest.py): points share what they are made of.
    """

    def __init__(self, table: dict[str, Any]) -> None:
        self.count, self.swept, self.known = table["count"], table["values"], table["found"]
        self.parts: dict[str, list[dict[str, Any]]] = {}
        self.of: dict[str, Sequence[int]] = {}
        for family, entry in table["parts"].items():
            self.parts[family] = [entry["shared"] | own for own in entry.get("variants", [{}])]
            self.of[family] = entry.get("of", range(1))

    def __len__(self) -> int:
        return self.count

    def experiment(self, point: int) -> dict[str, Any]:
        return {family: parts[self.of[family][point] if len(parts) > 1 else 0] for family, parts in self.parts.items()}

    def found(self, point: int) -> dict[str, Any]:
        return self.known.get(str(point), {})


@dataclass(frozen=True)
class Run:
    """One run directory. Every swept value is a column of every frame.

    `updates` and `ratios` are whole tables; what analysis works out, it reads by column, part by part (`stored_…`).
    """

    directory: Path
    manifest: dict[str, Any]

    def __repr__(self) -> str:
        return f"Run({str(self.directory)!r}: {len(self.points)} points, {self.manifest['plan']['seeds']} seeds)"

    @cached_property
    def updates(self) -> pd.DataFrame:
        """One row per point, seed, rollout and update: all recorded metrics."""
        return self._with_labels(pd.read_parquet(self.directory / "updates"))

    @cached_property
    def ratios(self) -> pd.DataFrame | None:
        """One row per recorded token and update, or None where no ratios were recorded."""
        if not (self.directory / "ratios").is_dir():
            return None
        stored = StoredTokens.of_folder(self.directory / "ratios")
        return self._with_labels(stored.read(stored.names))

    @property
    def stored_updates(self) -> Stored:
        """The updates, to be read by column."""
        return self._stored("updates")

    @property
    def stored_ratios(self) -> Stored:
        """The recorded tokens, to be read by column."""
        return self._stored("ratios", StoredTokens)

    @property
    def has_ratios(self) -> bool:
        """Whether ratios were recorded."""
        return self.ratios is not None if "ratios" in self.__dict__ else (self.directory / "ratios").is_dir()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per point: the mean over seeds of each metric, with its interval."""
        return pd.read_parquet(self.directory / "summary.parquet")

    @cached_property
    def claims(self) -> pd.DataFrame:
        """One row per claim of the scenario: what was predicted, what was measured, and the verdict."""
        return pd.DataFrame(self.verdicts)

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """The same as they are written in claims.json."""
        return json.loads((self.directory / "claims.json").read_text())

    @property
    def heading(self) -> dict[str, Any]:
        return self.manifest["heading"]

    @property
    def columns(self) -> list[str]:
        """What the scenario's tables show: its headline first."""
        return list(dict.fromkeys([self.heading["headline"], *self.heading["columns"]]))

    @cached_property
    def readings(self) -> pd.DataFrame:
        """One row per point and seed: the value of each metric that stands for the whole run."""
        return readings_of(self.stored_updates, self.manifest["metrics"])

    @property
    def metrics(self) -> list[str]:
        """The recorded metrics that apply to some point, in the order of their names."""
        return [name for name in self.readings.columns if name in self.manifest["metrics"]]

    @cached_property
    def points(self) -> Points:
        """What the points are."""
        return Points(self.manifest["points"])

    @property
    def swept(self) -> list[str]:
        """The columns that tell the points apart."""
        return list(self.points.swept)

    @cached_property
    def labels(self) -> list[str]:
        """One short name a point: 'adamw, b1 = 0.9'."""
        return [self._label(point) for point in range(len(self.points))]

    @cached_property
    def matched(self) -> bool:
        """Whether learning rates were found for a comparison at equal displacement."""
        return any(self.found(point) for point in range(len(self.points)))

    def experiment(self, point: int) -> dict[str, Any]:
        """Everything that a point was run with, defaults included; `surrogate` is the product its method stands for."""
        return self.points.experiment(point)

    def found(self, point: int) -> dict[str, Any]:
        """What was worked out before the run: a matched learning rate, at which measure, and to what; else empty."""
        return self.points.found(point)

    def values(self, point: int) -> dict[str, Any]:
        """The swept values that a point has."""
        return {name: values[point] for name, values in self.points.swept.items() if values[point] is not None}

    def _label(self, point: int) -> str:
        parts = [
            f"{key.rsplit('.', 1)[-1]} = {short(value)}" if "." in key else str(value)
            for key, value in self.values(point).items()
        ]
        return ", ".join(parts) or self.manifest["name"]

    def _stored(self, table: str, kind: type[Stored] = Stored) -> Stored:
        """The frame, where it is in memory, else the files."""
        if table in self.__dict__:
            return kind([self.__dict__[table]])
        return kind.of_folder(self.directory / table)

    def _with_labels(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the points' values as the manifest has them: a label may have changed since it was written."""
        points = pd.DataFrame(self.points.swept).assign(label=self.labels)
        return frame.drop(columns=points.columns.intersection(frame.columns)).join(points, on="point")


Kind = TypeVar("Kind", bound=Run)


def read_run(directory: Path | str, kind: type[Kind]) -> Kind:
    """Read a run directory. Raise RunError where there is none, or one that this version cannot read."""
    path = Path(directory)
    try:
        manifest = json.loads((path / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: no run: {error}") from error
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise RunError(
            f"{path}: a run of schema version {manifest.get('schema_version')}; this version reads {SCHEMA_VERSION}"
        )
    return kind(directory=path, manifest=manifest)


def short(value: Any) -> str:
    """A swept value as a reader meets it: '0.05', 'zeros'; lists, which are text here, as '[-2, 0, 0]'."""
    if isinstance(value, float):
        return f"{value:g}"
    return re.sub(r"\.0(?=[,\]])", "", str(value)) if str(value).startswith("[") else str(value)
