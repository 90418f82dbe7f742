"""Policies: what is trained.

A policy is one file here and one line below; the lines are in the order of the tables.
"""

from .base import POLICIES as POLICIES
from .tabular import Tabular as Tabular
from .log_linear import LogLinear as LogLinear
from .low_rank import LowRank as LowRank
from .transformer import Transformer as Transformer
