"""What optimizers did after their last gradient: what was measured, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

BEHAVIOURS = ("stops at once", "coasts", "does not stop", "not finite")
NOTHING = 1e-3  # a braking distance below this is none
MIN_HORIZON = 40  # updates: fewer do not tell slowing down from going on


@dataclass(frozen=True)
class Stop:
    """The updates on a gradient of zero, in units of the last update before: C_j `[J]`, j = 1 … J.

    `sizes` are their norms, `along` their parts in the direction of that last update; negative is back.
    """

    sizes: np.ndarray
    along: np.ndarray

    @property
    def travelled(self) -> float:
        """Σ C_j over the horizon, whether or not the optimizer has stopped by then."""
        return float(self.sizes.sum())

    @property
    def net(self) -> float:
        """How far it got in the direction in which it was going."""
        return float(self.along.sum())

    @property
    def behaviour(self) -> str:
        """One of BEHAVIOURS. It does not stop where the horizon's last quarter is as long as the third, to 10 %."""
        if not np.isfinite(self.sizes).all():
            return "not finite"
        if self.travelled < NOTHING:
            return "stops at once"
        third, last = np.array_split(self.sizes, 4)[2:]
        return "does not stop" if last.mean() > 0.9 * third.mean() else "coasts"

    @property
    def distance(self) -> float:
        """The braking distance Σ C_j: ∞ where the optimizer does not stop, NaN where an update is not finite."""
        return {"does not stop": math.inf, "not finite": math.nan}.get(self.behaviour, self.travelled)

    @property
    def whole(self) -> bool:
        """Whether the distance ends within the horizon: the last update is below a hundredth of the first."""
        return self.behaviour == "stops at once" or bool(self.sizes[-1] <= 0.01 * self.sizes[0])

    @property
    def half_life(self) -> float:
        """Updates until one is half of the last with a gradient, geometric in between; ∞ where none is."""
        sizes = np.concatenate([[1.0], self.sizes])
        if not np.isfinite(sizes).all():
            return math.nan
        if not (sizes <= 0.5).any():
            return math.inf
        after = int(np.argmax(sizes <= 0.5))
        above, below = sizes[after - 1], sizes[after]
        return after - 1 + (math.log(2 * above) / math.log(above / below) if below else 0.0)


@dataclass(frozen=True)
class Braking:
    """How one optimizer stops, and how its updates scale.

    `stops` holds a Stop for ("steady" or "cold", "constant" or "noisy"), `updates` how many gradients came before;
    `keywords` is all that it was built with. `sizes` are the norms of its first and last update, `[C]` each, where the
    constant gradient is multiplied by `scales`. `growth` is how much its update grew over the second half of the
    constant gradients: far from 1, there was no steady state.
    """

    name: str
    keywords: dict[str, Any]
    updates: dict[str, int]
    stops: dict[tuple[str, str], Stop]
    scales: np.ndarray
    sizes: dict[str, np.ndarray]
    growth: float
    reads_value: bool
    warnings: tuple[str, ...]

    def elasticity(self, update: str) -> np.ndarray:
        """d ln‖u‖ / d ln c of the "first" or "last" update between neighbouring scales `[C − 1]`; NaN for no update."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.diff(np.log(self.sizes[update])) / np.diff(np.log(self.scales))
        return np.where(np.isfinite(slopes), slopes, np.nan)

    def rows(self) -> list[dict[str, Any]]:
        """One row a Stop, for a table."""
        scaling: dict[str, Any] = {}
        for update in self.sizes:
            slopes = self.elasticity(update)
            steepest = slopes[np.abs(slopes).argmax()]  # NaN where one is
            scaling |= {f"elasticity_{update}": float(slopes.mean()), f"steepest_{update}": float(steepest)}
        return [
            {
                "optimizer": self.name, "start": start, "gradients": gradients, "updates": self.updates[start],
                "behaviour": stop.behaviour, "first_residual": float(stop.sizes[0]), "half_life": stop.half_life,
                "distance": stop.distance, "whole": stop.whole, "travelled": stop.travelled, "net": stop.net,
                "largest_residual": float(stop.sizes.max()), "last_residual": float(stop.sizes[-1]), **scaling,
                "growth": self.growth, "reads_value": self.reads_value, "warnings": "; ".join(self.warnings),
            }
            for (start, gradients), stop in self.stops.items()
        ]  # fmt: skip
