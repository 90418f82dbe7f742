"""What is recorded of every update. Importing this package knows all probes; one subject a file."""

from . import (  # noqa: F401
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
from .base import METRICS, METRICS_OF, PROBES, Metric, declared, measure
from .twin import COMPARED_BY

__all__ = ["COMPARED_BY", "METRICS", "METRICS_OF", "PROBES", "Metric", "declared", "measure"]
