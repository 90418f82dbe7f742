"""Policies: what is trained. A policy is one file here and one line below."""

from ..parts import Family
from .log_linear import LogLinear
from .low_rank import LowRank
from .tabular import Tabular
from .transformer import Transformer

POLICIES = Family("policy", "kind", [Tabular, LogLinear, LowRank, Transformer], "policies")

__all__ = ["LogLinear", "LowRank", "POLICIES", "Tabular", "Transformer"]
