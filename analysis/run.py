"""A run directory as tidy pandas frames."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

SCHEMA_VERSION = 1
NOT_SWEPT = ("experiment", "found")  # the keys of a point in the manifest that no swept value stands under
LEARNING_RATE = "optimizer.learning_rate"


class RunError(Exception):
    """A directory that is no run, or one of another schema version."""


@dataclass(frozen=True)
class Run:
    """One run directory. Every swept value is a column of every frame."""

    directory: Path
    manifest: dict[str, Any]

    @cached_property
    def updates(self) -> pd.DataFrame:
        """One row per point, seed, rollout and update: all recorded metrics."""
        return self._with_labels(pd.read_parquet(self.directory / "updates"))

    @cached_property
    def ratios(self) -> pd.DataFrame | None:
        """One row per recorded token and update, or None where no ratios were recorded."""
        folder = self.directory / "ratios"
        return self._with_labels(pd.read_parquet(folder)) if folder.is_dir() else None

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per point: the mean over seeds of each metric, with its interval."""
        return pd.read_parquet(self.directory / "summary.parquet")

    @cached_property
    def claims(self) -> list[dict[str, Any]]:
        """The scenario's claims with what was measured and the verdicts."""
        return json.loads((self.directory / "claims.json").read_text())

    @property
    def heading(self) -> dict[str, Any]:
        return self.manifest["heading"]

    @property
    def columns(self) -> list[str]:
        """What the scenario's tables show: its headline first."""
        return list(dict.fromkeys([self.heading["headline"], *self.heading["columns"]]))

    @property
    def metrics(self) -> list[str]:
        """The recorded metrics that apply to some point, in the order of their names."""
        known = [name for name in self.updates.columns if name in self.manifest["metrics"]]
        return [name for name in known if self.updates[name].notna().any()]

    @cached_property
    def swept(self) -> list[str]:
        """The columns that tell the points apart."""
        names: dict[str, None] = {}
        for point in self.manifest["points"]:
            names |= dict.fromkeys(key for key in point if key not in NOT_SWEPT)
        return list(names)

    @cached_property
    def labels(self) -> list[str]:
        """One short name a point: 'adamw, b1 = 0.9'."""
        return [self._label(point) for point in self.manifest["points"]]

    @property
    def matched(self) -> bool:
        """Whether learning rates were found for a comparison at equal displacement."""
        return any(self.found(point) for point in range(len(self.manifest["points"])))

    def experiment(self, point: int) -> dict[str, Any]:
        """Everything that a point was run with, defaults included; `surrogate` is the product its method stands for."""
        return self.manifest["points"][point]["experiment"]

    def found(self, point: int) -> dict[str, Any]:
        """What was worked out before the run: a matched learning rate, at which measure, and to what; else empty."""
        return self.manifest["points"][point].get("found", {})

    def _label(self, point: dict[str, Any]) -> str:
        parts = [
            f"{key.rsplit('.', 1)[-1]} = {short(value)}" if "." in key else str(value)
            for key, value in point.items()
            if key not in NOT_SWEPT
        ]
        return ", ".join(parts) or self.manifest["name"]

    def _with_labels(self, frame: pd.DataFrame) -> pd.DataFrame:
        points = pd.DataFrame(
            [{key: point.get(key) for key in self.swept} for point in self.manifest["points"]]
        ).assign(label=self.labels)
        missing = [name for name in points.columns if name not in frame.columns]
        return frame.join(points[missing], on="point")


def last(frame: pd.DataFrame, counter: str) -> pd.DataFrame:
    """The rows of each point's last update, or last rollout: points may make different numbers of them."""
    return frame[frame[counter] == frame.groupby("point")[counter].transform("max")]


def load(directory: Path | str) -> Run:
    """Open a run directory. Raises RunError where there is none, or one that this version cannot read."""
    path = Path(directory)
    try:
        manifest = json.loads((path / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: no run: {error}") from error
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise RunError(
            f"{path}: a run of schema version {manifest.get('schema_version')}; this version reads {SCHEMA_VERSION}"
        )
    return Run(directory=path, manifest=manifest)


def short(value: Any) -> str:
    """A swept value as a reader meets it: '0.05', 'zeros'; lists, which are text here, as '[-2, 0, 0]'."""
    if isinstance(value, float):
        return f"{value:g}"
    return re.sub(r"\.0(?=[,\]])", "", str(value)) if str(value).startswith("[") else str(value)
