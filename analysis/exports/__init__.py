"""A run's data in the formats that other tools read.

from . import export
path = export(run, format="parquet", where={"optimizer": "adamw"}, rollouts="0:10")
"""

from .errors import ExportError
from .exporting import FIGURES, FORMATS, export
from .trainer_names import TRAINERS, trainer_table

__all__ = ["FIGURES", "FORMATS", "TRAINERS", "ExportError", "export", "trainer_table"]
