"""What became of the rewards' scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..quantities.base import scale_axis
from .rules import Found, rule
from .saying import ends, hundredths, span
from .seen import Seen
from .slopes import Slope, cases, first_update, slopes

if TYPE_CHECKING:
    import pandas as pd

SCALE = "an axis over a reward scale"
THEORY = "docs/theory.md#2-the-scale-of-the-rewards"
BLIND, PROPORTIONAL = (-0.05, 0.05), (0.95, 1.05)
FELT = 0.1  # by how much an elasticity changes with the scale before it is spoken of
DIVIDING = ("group_zscore", "batch_zscore", "per_source", "token_whitened", "relative_to_mean")
MAX_LISTED = 5


@rule(THEORY, "grad/norm", "update/norm", SCALE)
def scale_of_first_update(seen: Seen) -> Iterator[Found]:
    """Whether the rewards' scale reaches the first update, and who cancels it: advantage, norm clip or optimizer.

    Elasticities with their intervals: cancelled within ±0.05, in proportion within 1 ± 0.05; else nothing is said.
    """
    scaled = cases(seen.run, seen.points)
    grads, updates = (slopes(seen.run, first_update(seen.run, name), scaled) for name in ("grad/norm", "update/norm"))
    bent = {point for mine, steps in zip(scaled, _steps(seen, scaled), strict=True) if _moves(steps) for point in mine}
    kinds: dict[str, list[tuple[Slope, Slope]]] = {}
    for grad, update in zip(grads, updates, strict=True):
        if grad is not None and update is not None and not bent & set(update.points):
            kinds.setdefault(_kind(seen, grad, update), []).append((grad, update))
    for kind, pairs in kinds.items():
        if kind in SENTENCES:
            of_gradient, of_update = [grad.mean for grad, _ in pairs], [update.mean for _, update in pairs]
            yield Found(
                SENTENCES[kind].format(update=span(of_update, hundredths), gradient=span(of_gradient, hundredths)),
                {
                    "axis": scale_axis(seen.run.swept) or "",
                    "elasticity of the first update": ends(of_update),
                    "elasticity of its gradient": ends(of_gradient),
                },
                sorted(point for _, update in pairs for point in update.points),
            )


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


def _kind(seen: Seen, grad: Slope, update: Slope) -> str:
    point = update.points[0]
    if grad.within(*BLIND) and update.within(*BLIND):
        return "advantage" if seen.surrogate(point)["advantage"]["kind"] in DIVIDING else ""
    if not grad.within(*PROPORTIONAL):
        return ""
    if update.within(*BLIND):
        return "clip" if seen.optimizer(point).get("max_grad_norm") is not None else "optimizer"
    return "proportional" if update.within(*PROPORTIONAL) else ""


@rule(THEORY, "grad/norm", "update/norm", SCALE)
def eps_floor(seen: Seen) -> Iterator[Found]:
    """Below some scale of the rewards eps takes the place of the gradient's size, and the update shrinks with it.

    Said of optimizers that have an eps, where the gradient grows with the scale in proportion and the elasticity of the
    update between neighbouring scales falls by at least 0.1 from the smallest scales to the largest, never rising.
    """
    scaled, floors, points = cases(seen.run, seen.points), [], []
    grads = slopes(seen.run, first_update(seen.run, "grad/norm"), scaled)
    for mine, steps, grad in zip(scaled, _steps(seen, scaled), grads, strict=True):
        eps = seen.optimizer(mine[0]).get("eps")
        if grad and grad.within(*PROPORTIONAL) and _falls(steps) and isinstance(eps, int | float) and eps > 0:
            floors.append((eps, steps))
            points += mine
    if floors:
        listed = "; ".join(_floor(eps, steps) for eps, steps in floors[:MAX_LISTED])
        most, least = ([float(steps["measured"].iloc[end]) for _, steps in floors] for end in (0, -1))
        yield Found(
            f"small gradients meet eps: the elasticity of the first update is {span(most, hundredths)} at the smallest "
            f"scale and {span(least, hundredths)} at the largest. It passes one half {listed}.",
            {
                "eps": ends([eps for eps, _ in floors]),
                "elasticity at the smallest scale": ends(most),
                "elasticity at the largest scale": ends(least),
            },
            sorted(points),
        )


def _floor(eps: float, steps: pd.DataFrame) -> str:
    """Where the elasticity passes one half, between two neighbours in logarithms."""
    above = steps["measured"].to_numpy() >= 0.5
    if above.all() or not above.any():
        return f"outside the swept scales with eps = {eps:g}"
    at = int(np.flatnonzero(above)[-1])
    pair = steps.iloc[at : at + 2]
    part = (pair["measured"].iloc[0] - 0.5) / (pair["measured"].iloc[0] - pair["measured"].iloc[1])
    scale, gradient = (
        np.exp(np.log(pair[name].iloc[0]) * (1 - part) + np.log(pair[name].iloc[1]) * part)
        for name in ("scale", "gradient")
    )
    beside = f" (a gradient of {gradient:.2g} a coordinate)" if np.isfinite(gradient) else ""
    return f"at a scale of {scale:.2g} with eps = {eps:g}{beside}"


def _steps(seen: Seen, scaled: list[list[int]]) -> list[pd.DataFrame]:
    """Case by case the elasticity between neighbouring scales, mean over seeds, from the smallest scale on."""
    from ..quantities.elasticities import local_elasticity

    rows = local_elasticity(seen.run)
    rows = rows[np.isfinite(rows["measured"])]
    means = rows.groupby("point")[["measured", "scale", "gradient"]].mean()
    return [means.reindex(mine).dropna(subset=["measured"]).sort_values("scale") for mine in scaled]


def _moves(steps: pd.DataFrame) -> bool:
    """Whether the elasticity is not the same at all scales: no one number stands for it."""
    return bool(len(steps) and np.ptp(steps["measured"]) > FELT)


def _falls(steps: pd.DataFrame) -> bool:
    """Whether the elasticity falls as the scale grows, and never rises by more than a hundredth."""
    return _moves(steps) and bool((np.diff(steps["measured"]) <= 0.01).all())
