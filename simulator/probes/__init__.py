"""What is recorded of every update. Importing this package knows all probes; one subject a file."""

from simulator.probes import (  # noqa: F401
    bias,
    clipping,
    divergences,
    gradients,
    lengths,
    prefix,
    ratios,
    rewards,
    tasks,
)
from simulator.probes.base import METRICS, METRICS_OF, PROBES, Metric, declared, measure

__all__ = ["METRICS", "METRICS_OF", "PROBES", "Metric", "declared", "measure"]
