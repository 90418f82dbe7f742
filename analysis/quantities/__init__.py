"""Quantities that are derived from a run's tables, each a function Run -> frame."""
