"""A run's data in the formats that other tools read.

from analysis.exports import export
path = export(run, format="parquet", where={"optimizer": "adamw"}, rollouts="0:10")
"""

from analysis.exports.exporting import export
from analysis.exports.problems import ExportError
from analysis.exports.request import FIGURES, FORMATS
from analysis.exports.trainer_names import TRAINERS, trainer_table

__all__ = ["FIGURES", "FORMATS", "TRAINERS", "ExportError", "export", "trainer_table"]
