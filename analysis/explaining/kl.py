"""What a KL term does to the scale of the rewards."""

from __future__ import annotations

from collections.abc import Iterator

from .rules import Found, rule
from .saying import ends
from .scale import BLIND, MAX_LISTED, SCALE, THEORY
from .seen import Seen
from .slopes import Slope, cases, first_update, slopes


@rule(THEORY, "update/displacement", "update/norm", "grad/norm", SCALE)
def kl_remembers_scale(seen: Seen) -> Iterator[Found]:
    """A KL term makes the rewards' scale matter where the optimizer alone would cancel it.

    Said where the first update does not depend on the scale (within ±0.05), the way that the parameters have come does
    (elasticity above 0.05 with its interval), and the same without the KL term does not.
    """
    scaled = cases(seen.run, seen.points)
    final = seen.run.readings[["point", "seed", "update/displacement"]].set_axis(["point", "seed", "measured"], axis=1)
    firsts, ways = slopes(seen.run, first_update(seen.run, "update/norm"), scaled), slopes(seen.run, final, scaled)
    without = {_without_kl(seen, way.points[0]) for way in ways if way and way.within(*BLIND) and not _kl(seen, way)}
    found = [
        (_kl(seen, way), way)
        for first, way in zip(firsts, ways, strict=True)
        if first and way and first.within(*BLIND) and way.low > BLIND[1] and _kl(seen, way)
        and _without_kl(seen, way.points[0]) in without
    ]  # fmt: skip
    if found:
        listed = "; ".join(f"{way.mean:.2f} with a coefficient of {coef:g}" for coef, way in found[:MAX_LISTED])
        yield Found(
            "the KL term makes the rewards' scale matter here: without it the parameters come equally far at every "
            f"scale, with it the elasticity of their way is {listed}. Only their "
            "quotient counts.",
            {
                "KL coefficient": ends([coef for coef, _ in found]),
                "elasticity of update/displacement": ends([way.mean for _, way in found]),
                "elasticity without the KL term, at most": BLIND[1],
            },
            sorted(point for _, way in found for point in way.points),
        )


def _kl(seen: Seen, way: Slope) -> float:
    return float((seen.surrogate(way.points[0]).get("kl") or {}).get("coef", 0.0))


def _without_kl(seen: Seen, point: int) -> str:
    """A point's experiment but for the KL term and the scale, as a name."""
    experiment = seen.run.experiment(point)
    surrogate = {key: value for key, value in experiment["surrogate"].items() if key != "kl"}
    world = {key: value for key, value in experiment["environment"].items() if not key.endswith("scale")}
    parts = {key: experiment.get(key) for key in ("policy", "optimizer", "training", "rollouts")}
    return repr((surrogate, world, parts))
