"""What memory caused: a run beside its memoryless twin's, on the same random numbers."""

from __future__ import annotations

from ..lazy import Array
from .base import PROBES, Metric
from .clipping import drift
from .context import StepContext
from .divergences import kl
from .ratios import ratio
from .rewards import exact_return

COMPARED = ("ratio/max", "drift/excess_mean", "drift/excess_max", "kl/behavior_exact", "return/exact")
COMPARED_BY = tuple(probe.__name__ for probe in (ratio, drift, kl, exact_return))  # the probes that measure these


def _of_twin(name: str) -> Metric:
    metric = PROBES.declared(COMPARED_BY)[name]
    return Metric(
        f"twin/{name}", f"{metric.definition}; of the memoryless twin", metric.when, metric.reading, metric.within
    )


@PROBES.add(
    Metric("drift/over_twin", "drift/excess_max minus the memoryless twin's: what memory caused", "after", "end"),
    Metric("drift/over_twin_mean", "drift/excess_mean minus the memoryless twin's", "after", "end"),
    *map(_of_twin, COMPARED),
)
def twin(step: StepContext) -> dict[str, Array]:
    """The memoryless twin's excess, ratios, KL and return; absent unless `record.twin` asks for it."""
    theirs = {name: step.twin[name] for name in COMPARED if name in step.twin}
    found = {f"twin/{name}": value for name, value in theirs.items()}
    if "drift/excess_max" in theirs:
        own = drift(step)
        found["drift/over_twin"] = own["drift/excess_max"] - theirs["drift/excess_max"]
        found["drift/over_twin_mean"] = own["drift/excess_mean"] - theirs["drift/excess_mean"]
    return found
