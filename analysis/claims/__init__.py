"""Predicted against measured: each claim of a scenario is put to its run, and may fail.

What is measured (`cases`), case by case and seed by seed, is a recorded metric, a quantity of `analysis.quantities`,
or something fitted to either (`fits`); with `against` it is a difference between variants, paired by seed. Its
prediction is a number, a sign, or a closed form evaluated at each case's own numbers (`closed_forms`). The verdict
(`verdicts`) rests on the intervals of the deviations over seeds; a claim that no data could prove wrong is refused
(`problems`).
"""

from .cases import cases
from .problems import Records, claim_problems
from .verdicts import evaluate

__all__ = ["Records", "cases", "claim_problems", "evaluate"]
