"""What is recorded of every update. Importing this package knows all probes; one subject per file."""

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
from .base import PROBES, Metric, Probe, measure
from .twin import COMPARED_BY

BUILT_IN = PROBES.names()  # what is recorded where a scenario names none

__all__ = ["BUILT_IN", "COMPARED_BY", "PROBES", "Metric", "Probe", "measure"]
