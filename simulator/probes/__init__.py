"""What is recorded of every update. Importing this package knows all probes; one subject a file."""

from simulator.probes import clipping, divergences, gradients, prefix, ratios, rewards  # noqa: F401
from simulator.probes.base import METRICS, METRICS_OF, PROBES, Metric, measure

__all__ = ["METRICS", "METRICS_OF", "PROBES", "Metric", "measure"]
