"""What makes the rewards' scale matter to an optimizer that cancels a constant one: a KL term, a jump."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..quantities.base import SCALE
from ..quantities.parameters import readings_of
from .format import span, whose
from .rules import Found, rule
from .run_stats import RunStats
from .scale import BLIND, MAX_LISTED, THEORY, first_update, slopes

APART = 0.05  # by how much the largest update differs from the one before the jump
CLOSE = 0.02  # measured and predicted are said to agree


@rule(THEORY, "update/displacement", "update/norm", "grad/norm", SCALE)
def kl_remembers_scale(stats: RunStats) -> Iterator[Found]:
    """A KL term makes the rewards' scale matter where the optimizer alone would cancel it.

    Said where the first update does not depend on the scale (within ±0.05), the way that the parameters have come does
    (elasticity above 0.05 with its interval), and the same without the KL term does not.
    """
    firsts = slopes(stats, first_update(stats, "update/norm"))
    ways = slopes(stats, readings_of(stats.run, "update/displacement"))
    blind_without_kl, found = set(), []
    for first, way in zip(firsts, ways, strict=True):
        if way is None:
            continue
        coef = float((stats.surrogate(way.points[0]).get("kl") or {}).get("coef", 0.0))
        if not coef and way.within(*BLIND):
            blind_without_kl.add(_without_kl(stats, way.points[0]))
        elif coef and first and first.within(*BLIND) and way.low > BLIND[1]:
            found.append((coef, way))
    found = [(coef, way) for coef, way in found if _without_kl(stats, way.points[0]) in blind_without_kl]
    if found:
        listed = "; ".join(f"{way.mean:.2f} with a coefficient of {coef:g}" for coef, way in found[:MAX_LISTED])
        yield Found(
            "the KL term makes the rewards' scale matter here: without it the parameters come equally far at every "
            f"scale, with it the elasticity of their way is {listed}. Only their quotient counts.",
            {
                "KL coefficient": [coef for coef, _ in found],
                "elasticity of update/displacement": [way.mean for _, way in found],
                "elasticity without the KL term, at most": BLIND[1],
            },
            sorted(point for _, way in found for point in way.points),
        )


def _without_kl(stats: RunStats, point: int) -> str:
    """A point's experiment but for the KL term and the scale, as a name."""
    experiment = stats.run.experiment(point)
    surrogate = {key: value for key, value in experiment["surrogate"].items() if key != "kl"}
    environment = {key: value for key, value in experiment["environment"].items() if not key.endswith("scale")}
    parts = {key: experiment.get(key) for key in ("policy", "optimizer", "training", "rollouts")}
    return repr((surrogate, environment, parts))


@rule(THEORY, "update/norm")
def jump_reaches_updates(stats: RunStats) -> Iterator[Found]:
    """A scale that jumps reaches an optimizer that forgets constant ones, until its second moment has caught up.

    Said of Adam where the scale jumps up during the run, and the largest update after it is, in every
    seed, at least 5 % larger than the last before it; beside it the closed form for a gradient that is else constant.
    """
    points = [point for point in stats.points if _jumps_up(stats, point)]
    if not points:
        return
    from ..quantities.jump import jump_response
    from ..theory.adam import scale_jump

    rows = jump_response(stats.run)
    rows = rows[rows["point"].isin(points) & np.isfinite(rows["measured"])]
    rows = rows.assign(predicted=scale_jump(rows["n"], rows["j"], rows["factor"], rows["b1"], rows["b2"]))
    peaks = rows.groupby(["point", "seed"])[["measured", "predicted", "factor"]].max().groupby(level="point")
    means = peaks.mean()[peaks["measured"].min() >= 1 + APART]
    if len(means):
        peak, theory, factors = (means[name].tolist() for name in ("measured", "predicted", "factor"))
        agrees = bool(((means["measured"] / means["predicted"] - 1).abs() <= CLOSE).all())
        beside = f" The closed form for a gradient that is else constant has {span(theory)}." * agrees
        yield Found(
            f"the rewards' scale jumps by a factor of {span(factors)}, and the largest update after that is "
            f"{whose(stats.run, means['measured'].to_dict())} times the last before it: the first moment follows "
            f"sooner than the second.{beside}",
            {"factor": factors, "jump_peak": peak} | ({"closed form": theory} if agrees else {}),
            means.index.tolist(),
        )


def _jumps_up(stats: RunStats, point: int) -> bool:
    scale, optimizer = stats.run.experiment(point)["environment"].get("reward_scale"), stats.optimizer(point)
    jumps = isinstance(scale, dict) and scale.get("kind") == "jump" and scale["after"] > scale["before"]
    return jumps and optimizer["name"] in ("adam", "adamw") and not optimizer.get("nesterov")
