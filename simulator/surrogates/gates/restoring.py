"""The restoring gate: the further the ratio has gone, the harder it is pulled back."""

from __future__ import annotations

from typing import Literal

from ...parts import Positive, part, static
from ..log_ratios import PerCompletion, Values
from .base import GATES


@GATES.add
@part
class Restoring:
    """A spring on the log-ratio instead of a clip.

    objective = A · log ρ − ½ coef (log ρ)²,   score weight = A − coef · log ρ

    It differs from `A · log π − …`, as the trainers write it, by a number that does not depend on π.

    Reference: Kimi k1.5, arXiv:2501.12599; verl's `dro`.
    """

    kind: Literal["restoring"] = static(default="restoring")
    coef: Positive = 0.1
    through_level = True
    cuts = False
    band = None

    def objective(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return advantages * log_ratio - 0.5 * self.coef * log_ratio**2

    def score_weight(self, log_ratio: Values, logprobs: Values, advantages: PerCompletion) -> Values:
        return advantages - self.coef * log_ratio
