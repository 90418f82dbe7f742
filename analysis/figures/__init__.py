"""Figures: run -> plotly Figure with a one-sentence reading, or None where the run's data do not support it.

One figure per file. `ALL` is the order of the page.
"""

from .attribution import attribution
from .causes import causes
from .comparison import comparison
from .elasticity import elasticity
from .heat_map import heat_map
from .jump import jump
from .optimizer_table import optimizer_table
from .predicted import predicted_against_measured
from .prefix_covariance import prefix_covariance
from .ratio_fan import ratio_fan
from .residuals import residuals
from .scrubber import scrubber
from .task_returns import task_returns
from .token_heat import token_heat
from .twin_excess import twin_excess

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
