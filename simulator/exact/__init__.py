"""The oracle: the true return, its gradient, and what a method's gradient is on average.

`completions` lists all that can be said, `groups` all batches that can be sampled; `closed_form` and `monte_carlo` take
over where those are too many; `bias` holds the surrogate's gradient against the return's.
"""

from .bias import bias_metrics
from .closed_form import has_closed_form
from .completions import (
    LIMIT,
    Listed,
    completion_logprobs,
    divergence,
    entropy,
    enumerable,
    expected_return,
    list_completions,
    prompt_returns,
    pull,
    return_gradient,
    rewarded,
)
from .groups import num_batches
from .moments import Moments, Situation, Truth, true_gradient
from .monte_carlo import MonteCarlo
from .oracle import Enumerated, Oracle

__all__ = [
    "LIMIT",
    "Enumerated",
    "Listed",
    "Moments",
    "MonteCarlo",
    "Oracle",
    "Situation",
    "Truth",
    "bias_metrics",
    "completion_logprobs",
    "divergence",
    "entropy",
    "enumerable",
    "expected_return",
    "has_closed_form",
    "list_completions",
    "num_batches",
    "prompt_returns",
    "pull",
    "return_gradient",
    "rewarded",
    "true_gradient",
]
