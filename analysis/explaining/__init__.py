"""In words: what was seen in a run, and why.

A rule is a function in the file of its topic; it looks at measured values (`RunStats`) and finds that something holds
for some of the variants, or nothing. What rules have found becomes `Explanation`s, one sentence or two each.
"""

# the topics, the most important first: the order of their rules
from . import clipping, memory, coupling, scale, scale_memory, tasks, groups, progress, seeds  # noqa: F401, I001
from .explanation import Explanation, explanations
from .rules import RULES, table

__all__ = ["RULES", "Explanation", "explanations", "table"]
