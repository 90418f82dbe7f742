"""What became of the rewards' scale at the first update, by the slopes of values over the swept scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..claims.fits import fitted
from ..intervals import half_width
from ..quantities.base import SCALE, scale_axis
from .format import hundredths, span
from .rules import Found, rule
from .run_stats import RunStats

THEORY = "docs/theory.md#2-the-scale-of-the-rewards"
BLIND, PROPORTIONAL = (-0.05, 0.05), (0.95, 1.05)
FELT = 0.1  # by how much an elasticity changes with the scale before it is spoken of
DIVIDING = ("group_zscore", "batch_zscore", "per_source", "token_whitened", "relative_to_mean")
MAX_LISTED = 5
SENTENCES = {
    "advantage": "the rewards' scale does not reach the gradient: the advantages are divided by a deviation or a mean "
    "of the same rewards. Elasticity of the first gradient {gradient}, of the first update {update}.",
    "clip": "the norm clip hides the rewards' scale: the first gradient grows with it (elasticity {gradient}), the "
    "first update does not ({update}).",
    "optimizer": "the optimizer cancels the rewards' scale: the first gradient grows with it (elasticity {gradient}), "
    "the first update does not ({update}), since it divides the gradient by the gradient's own size.",
    "proportional": "the rewards' scale reaches the update in full: the elasticity of the first update is {update}, so "
    "that it is a second learning rate.",
}


@dataclass(frozen=True)
class Slope:
    """d ln value / d ln scale of one case, over all its scales: the mean over seeds with its interval."""

    points: list[int]
    mean: float
    low: float
    high: float

    def within(self, least: float, most: float) -> bool:
        """Whether the interval is."""
        return least <= self.low and self.high <= most


def cases(stats: RunStats) -> list[list[int]]:
    """The points that differ in the reward's scale alone, together: cases of several, none of which diverged."""
    swept = stats.run.points.swept
    others = [values for name, values in swept.items() if name != scale_axis(stats.run.swept)]
    found: dict[str, list[int]] = {}
    for point in range(len(stats.run.points)):
        found.setdefault(repr([values[point] for values in others]), []).append(point)
    return [points for points in found.values() if len(points) > 1 and set(points) <= set(stats.points)]


def first_update(stats: RunStats, name: str) -> pd.DataFrame:
    """A metric at the very first update."""
    rows = stats.run.stored_updates.read(["point", "seed", name], rollout=0, update=1)
    return rows.rename(columns={name: "measured"})


def slopes(stats: RunStats, values: pd.DataFrame) -> list[Slope | None]:
    """The slope of each case; None where fewer than two scales have values."""
    fits = fitted(stats.run, "", values, {"kind": "elasticity", "over": scale_axis(stats.run.swept)})
    found: list[Slope | None] = []
    for points in cases(stats):
        by_seed = fits.loc[fits["point"] == points[0], "measured"]  # which has the first point of each case
        mean, half = float(by_seed.mean()), half_width(by_seed) if len(by_seed) > 1 else 0.0
        found.append(Slope(points, mean, mean - half, mean + half) if len(by_seed) else None)
    return found


@rule(THEORY, "grad/norm", "update/norm", SCALE)
def scale_of_first_update(stats: RunStats) -> Iterator[Found]:
    """Whether the rewards' scale reaches the first update, and who cancels it: advantage, norm clip or optimizer.

    Elasticities with their intervals: cancelled within ±0.05, in proportion within 1 ± 0.05; else nothing is said.
    """
    grads, updates = (slopes(stats, first_update(stats, name)) for name in ("grad/norm", "update/norm"))
    kinds: dict[str, list[tuple[Slope, Slope]]] = {}
    for steps, grad, update in zip(_steps(stats), grads, updates, strict=True):
        if grad is not None and update is not None and not _moves(steps):
            kinds.setdefault(_kind(stats, grad, update), []).append((grad, update))
    for kind, pairs in kinds.items():
        if kind in SENTENCES:
            of_gradient, of_update = [grad.mean for grad, _ in pairs], [update.mean for _, update in pairs]
            yield Found(
                SENTENCES[kind].format(update=span(of_update, hundredths), gradient=span(of_gradient, hundredths)),
                {
                    "axis": scale_axis(stats.run.swept) or "",
                    "elasticity of the first update": of_update,
                    "elasticity of its gradient": of_gradient,
                },
                sorted(point for _, update in pairs for point in update.points),
            )


def _kind(stats: RunStats, grad: Slope, update: Slope) -> str:
    point = update.points[0]
    if grad.within(*BLIND) and update.within(*BLIND):
        return "advantage" if stats.kind("advantage", point) in DIVIDING else ""
    if not grad.within(*PROPORTIONAL):
        return ""
    if update.within(*BLIND):
        return "clip" if stats.optimizer(point).get("max_grad_norm") is not None else "optimizer"
    return "proportional" if update.within(*PROPORTIONAL) else ""


@rule(THEORY, "grad/norm", "update/norm", SCALE)
def eps_floor(stats: RunStats) -> Iterator[Found]:
    """Below some scale of the rewards eps takes the place of the gradient's size, and the update shrinks with it.

    Said of optimizers that have an eps, where the gradient grows with the scale in proportion and the elasticity of the
    update between neighbouring scales falls by at least 0.1 from the smallest scales to the largest, never rising.
    """
    floors = []
    for steps, grad in zip(_steps(stats), slopes(stats, first_update(stats, "grad/norm")), strict=True):
        eps = stats.optimizer(grad.points[0]).get("eps") if grad else None
        falls = _moves(steps) and (np.diff(steps["measured"]) <= 0.01).all()  # as the scale grows
        if grad and grad.within(*PROPORTIONAL) and falls and isinstance(eps, int | float) and eps > 0:
            floors.append((eps, steps, grad.points))
    if floors:
        listed = "; ".join(_floor(eps, steps) for eps, steps, _ in floors[:MAX_LISTED])
        most, least = ([float(steps["measured"].iloc[end]) for _, steps, _ in floors] for end in (0, -1))
        yield Found(
            f"small gradients meet eps: the elasticity of the first update is {span(most, hundredths)} at the smallest "
            f"scale and {span(least, hundredths)} at the largest. It passes one half {listed}.",
            {
                "eps": [eps for eps, _, _ in floors],
                "elasticity at the smallest scale": most,
                "elasticity at the largest scale": least,
            },
            sorted(point for _, _, points in floors for point in points),
        )


def _floor(eps: float, steps: pd.DataFrame) -> str:
    """Where the elasticity passes one half, between two neighbours in logarithms."""
    above = steps["measured"].to_numpy() >= 0.5
    if above.all() or not above.any():
        return f"outside the swept scales with eps = {eps:g}"
    at = int(np.flatnonzero(above)[-1])
    before, after = steps["measured"].iloc[at : at + 2]
    part = (before - 0.5) / (before - after)
    ends = np.log(steps[["scale", "gradient"]].iloc[at : at + 2].to_numpy())
    scale, gradient = np.exp(ends[0] * (1 - part) + ends[1] * part)
    beside = f" (a gradient of {gradient:.2g} a coordinate)" if np.isfinite(gradient) else ""
    return f"at a scale of {scale:.2g} with eps = {eps:g}{beside}"


def _steps(stats: RunStats) -> list[pd.DataFrame]:
    """Case by case the elasticity between neighbouring scales, mean over seeds, from the smallest scale on."""
    from ..quantities.elasticities import local_elasticity

    rows = local_elasticity(stats.run)
    rows = rows[np.isfinite(rows["measured"])]
    means = rows.groupby("point")[["measured", "scale", "gradient"]].mean()
    return [means.reindex(points).dropna(subset=["measured"]).sort_values("scale") for points in cases(stats)]


def _moves(steps: pd.DataFrame) -> bool:
    """Whether the elasticity is not the same at all scales: no one number stands for it."""
    return bool(len(steps) and np.ptp(steps["measured"]) > FELT)
