"""What is recorded of every update. Importing this package knows all probes; one subject a file."""

from simulator.probes import (  # noqa: F401
    attribution,
    bias,
    clipping,
    divergences,
    gradients,
    lengths,
    prefix,
    ratios,
    rewards,
    tasks,
    twin,
)
from simulator.probes.base import METRICS, METRICS_OF, PROBES, Metric, declared, measure
from simulator.probes.twin import COMPARED_BY

__all__ = ["COMPARED_BY", "METRICS", "METRICS_OF", "PROBES", "Metric", "declared", "measure"]
