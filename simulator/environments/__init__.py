"""Environments: what can be said, and what it is worth. An environment is one file here and one line below."""

from ..parts import Family
from .bandit import Bandit
from .length_trap import LengthTrap
from .multi_task import MultiTask, Source, Task
from .recorded import RecordedWorld
from .token_chain import TokenChain
from .token_tree import TokenTree
from .verifier import Verifier

ENVIRONMENTS = Family(
    "environment", "kind", [Bandit, TokenTree, TokenChain, LengthTrap, Verifier, MultiTask, RecordedWorld]
)

__all__ = [
    "Bandit",
    "ENVIRONMENTS",
    "LengthTrap",
    "MultiTask",
    "RecordedWorld",
    "Source",
    "Task",
    "TokenChain",
    "TokenTree",
    "Verifier",
]
