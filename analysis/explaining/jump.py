"""What a scale of the rewards that jumps does to the next updates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .rules import Found, rule
from .saying import ends, span, whose
from .seen import Seen

APART = 0.05  # by how much the largest update differs from the one before the jump
CLOSE = 0.02  # measured and predicted are said to agree


@rule("docs/theory.md#2-the-scale-of-the-rewards", "update/norm")
def jump_reaches_updates(seen: Seen) -> Iterator[Found]:
    """A scale that jumps reaches an optimizer that forgets constant ones, until its second moment has caught up.

    Said of Adam where the scale jumps up during the run, and the largest update after it is, in every
    seed, at least 5 % larger than the last before it; beside it the closed form for a gradient that is else constant.
    """
    points = [point for point in seen.points if _jumps_up(seen, point)]
    if not points:
        return
    from ..quantities.jump import jump_response
    from ..theory.reward_scale import scale_jump

    rows = jump_response(seen.run)
    rows = rows[rows["point"].isin(points) & np.isfinite(rows["measured"])]
    rows = rows.assign(predicted=scale_jump(rows["n"], rows["j"], rows["factor"], rows["b1"], rows["b2"]))
    peaks = rows.groupby(["point", "seed"])[["measured", "predicted", "factor"]].max().groupby(level="point")
    mean, least = peaks.mean(), peaks["measured"].min()
    found = {int(point): float(mean.at[point, "measured"]) for point in mean.index if least[point] >= 1 + APART}
    if found:
        theory = {point: float(mean.at[point, "predicted"]) for point in found}
        agrees = all(abs(found[point] / theory[point] - 1) <= CLOSE for point in found)
        factors = [float(mean.at[point, "factor"]) for point in found]
        beside = f" The closed form for a gradient that is else constant has {span([*theory.values()])}." * agrees
        yield Found(
            f"the rewards' scale jumps by a factor of {span(factors)}, and the largest update after that is "
            f"{whose(seen.run, found)} times the last before it: the first moment follows sooner than the "
            f"second.{beside}",
            {"factor": ends(factors), "jump_peak": ends([*found.values()])}
            | ({"closed form": ends([*theory.values()])} if agrees else {}),
            [*found],
        )


def _jumps_up(seen: Seen, point: int) -> bool:
    scale, optimizer = seen.run.experiment(point)["environment"].get("reward_scale"), seen.optimizer(point)
    jumps = isinstance(scale, dict) and scale.get("kind") == "jump" and scale["after"] > scale["before"]
    return jumps and optimizer["name"] in ("adam", "adamw") and not optimizer.get("nesterov")
