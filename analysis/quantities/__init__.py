"""Quantities that are derived from a run's tables, one decorated function each: importing this package knows them all.

Claims, headlines and columns name a quantity as they name a recorded metric.
"""

from . import at_start, clipped, elasticities, jump, memory, residuals, restarts  # noqa: F401
from .base import QUANTITIES, Quantity, available, derivable, lacking, quantity, range_of

__all__ = ["QUANTITIES", "Quantity", "available", "derivable", "lacking", "quantity", "range_of"]
