"""What rules look at: means with intervals over seeds, and extremes over all updates, point by point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..intervals import half_widths
from ..quantities.parameters import updates_per_rollout

if TYPE_CHECKING:
    from ..run.run import Run


MIN_EXCESS = 1e-3  # a mean log-ratio beyond the bound that is worth a sentence


@dataclass(frozen=True)
class RunStats:
    """A run as rules see it. Points that diverged in some seed are not looked at, but by the rule about them."""

    run: Run

    @cached_property
    def points(self) -> list[int]:
        """The points of which every seed stayed finite."""
        return [point for point, count in self.diverged.items() if not count]

    @cached_property
    def diverged(self) -> dict[int, int]:
        """In how many seeds each point diverged."""
        rows = self.run.readings
        counts = (rows.get("diverged", pd.Series(0.0, rows.index)) > 0).groupby(rows["point"]).sum()
        return {int(point): int(count) for point, count in counts.items()}

    @cached_property
    def seeds(self) -> int:
        """With how many seeds each point was run."""
        return int(self.run.readings.groupby("point")["seed"].nunique().max())

    @cached_property
    def _stats(self) -> tuple[dict[str, dict[int, float]], dict[str, dict[int, float]]]:
        """For each metric and point the mean over seeds, and the half width of its interval."""
        values = self.run.readings.drop(columns="seed").set_index("point").astype(float)
        groups = values.where(np.isfinite(values)).groupby(level="point")
        return groups.mean().to_dict(), half_widths(groups).fillna(0.0).to_dict()

    def mean(self, metric: str, point: int) -> float:
        """The mean over seeds of what stands for a run."""
        return self._stats[0][metric][point] if metric in self._stats[0] else float("nan")

    def low(self, metric: str, point: int) -> float:
        """The lower end of its interval; the mean itself of one seed, which the rule `one_seed` speaks of."""
        return self.mean(metric, point) - self._stats[1].get(metric, {}).get(point, 0.0)

    def high(self, metric: str, point: int) -> float:
        """The upper end."""
        return self.mean(metric, point) + self._stats[1].get(metric, {}).get(point, 0.0)

    def means(self, metric: str, points: Iterable[int]) -> list[float]:
        """The means of some points."""
        return [self.mean(metric, point) for point in points]

    def excludes_zero(self, metric: str, point: int) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low(metric, point) > 0 or self.high(metric, point) < 0

    def extremes(self, *metrics: str) -> dict[str, tuple[dict[int, float], dict[int, float]]]:
        """For each metric the least and the largest value of every point, over all seeds, rollouts and updates."""
        names = [name for name in metrics if name in self.run.metrics]
        parts = [
            rows[names].groupby(rows["point"]).agg(["min", "max"])
            for rows in self.run.stored_updates.each(["point", *names])
        ]
        if not names or not parts:
            return {}
        both = pd.concat(parts)
        least, most = both.groupby(level=0).min(), both.groupby(level=0).max()
        return {name: (least[name]["min"].to_dict(), most[name]["max"].to_dict()) for name in names}

    def updates(self, point: int) -> int:
        """The number of updates that a point makes of each rollout."""
        return updates_per_rollout(self.run, point)

    def rollouts(self, point: int) -> int:
        return int(self.run.experiment(point)["training"]["num_rollouts"])

    def surrogate(self, point: int) -> dict[str, Any]:
        return self.run.experiment(point)["surrogate"]

    def kind(self, part: str, point: int) -> str:
        """Which advantage, reduction, … a point's surrogate has."""
        return self.surrogate(point)[part]["kind"]

    def optimizer(self, point: int) -> dict[str, Any]:
        return self.run.experiment(point)["optimizer"]

    def on_policy(self, point: int) -> bool:
        """Whether rollouts begin at ratios of 1: sampled from the policy as it stands, by this program."""
        rollouts = self.run.experiment(point).get("rollouts") or {}
        return rollouts.get("kind", "sampled") != "recorded" and not rollouts.get("staleness")

    def regularised(self, point: int) -> bool:
        """Whether the objective has a KL or an entropy term that counts."""
        surrogate = self.surrogate(point)
        return any((surrogate.get(part) or {}).get("coef", 0) != 0 for part in ("kl", "entropy"))
