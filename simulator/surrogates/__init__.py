"""The surrogate objective as a product: advantage × log-ratio level × gate × reduction × filter − regularisers."""

from .base import Surrogate
from .filters import FILTERS, Conflicts, LargeAdvantages, OnPolicy
from .gates import GATES
from .log_ratios import LEVELS, ClippedSequence, Sequence, Token, WholeSequence
from .reductions import REDUCTIONS, ConstantLength, SequenceMean, SequenceSum, TokenMean, TokenSum
from .regularizers import KL, Entropy

__all__ = [
    "FILTERS",
    "GATES",
    "KL",
    "LEVELS",
    "REDUCTIONS",
    "ClippedSequence",
    "Conflicts",
    "ConstantLength",
    "Entropy",
    "LargeAdvantages",
    "OnPolicy",
    "Sequence",
    "SequenceMean",
    "SequenceSum",
    "Surrogate",
    "Token",
    "TokenMean",
    "TokenSum",
    "WholeSequence",
]
