"""Formats of tables: those of one file, and those of tools that follow training runs."""

from .files import FILES, FileFormat

MAX_RUNS = {"tensorboard": 512, "wandb": 128, "trackio": 128}  # that a tool can show

__all__ = ["FILES", "MAX_RUNS", "FileFormat"]
