"""A run directory, read: its points, its tables by column, the value of each metric that stands for the run."""

from .run import LEARNING_RATE, Run, RunError, read_run, short

__all__ = ["LEARNING_RATE", "Run", "RunError", "read_run", "short"]
