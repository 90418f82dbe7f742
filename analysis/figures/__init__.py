"""Figures: run -> plotly Figure with a one-sentence reading, or None where the run's data do not support it.

One figure a file. `ALL` is the order of the page.
"""

from analysis.figures.causes import causes
from analysis.figures.comparison import comparison
from analysis.figures.elasticity import elasticity
from analysis.figures.heat_map import heat_map
from analysis.figures.predicted import predicted_against_measured
from analysis.figures.ratio_fan import ratio_fan
from analysis.figures.residuals import residuals

ALL = (ratio_fan, causes, residuals, elasticity, heat_map, comparison, predicted_against_measured)
