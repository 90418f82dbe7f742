"""Figures: run -> plotly Figure with a one-sentence reading, or None where the run's data do not support it.

One figure a file. `ALL` is the order of the page.
"""

from analysis.figures.attribution import attribution
from analysis.figures.causes import causes
from analysis.figures.comparison import comparison
from analysis.figures.elasticity import elasticity
from analysis.figures.heat_map import heat_map
from analysis.figures.jump import jump
from analysis.figures.optimizer_table import optimizer_table
from analysis.figures.predicted import predicted_against_measured
from analysis.figures.prefix_covariance import prefix_covariance
from analysis.figures.ratio_fan import ratio_fan
from analysis.figures.residuals import residuals
from analysis.figures.scrubber import scrubber
from analysis.figures.task_returns import task_returns
from analysis.figures.token_heat import token_heat
from analysis.figures.twin_excess import twin_excess

ALL = (
    ratio_fan,
    scrubber,
    causes,
    attribution,
    twin_excess,
    residuals,
    jump,
    elasticity,
    prefix_covariance,
    token_heat,
    task_returns,
    heat_map,
    comparison,
    optimizer_table,
    predicted_against_measured,
)
