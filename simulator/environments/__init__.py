"""Environments: what can be said, and what it is worth.

An environment is one file here and one line below; the lines are in the order of the tables.
"""

from .base import ENVIRONMENTS as ENVIRONMENTS
from .base import Plain as Plain
from .bandit import Bandit as Bandit
from .token_tree import TokenTree as TokenTree
from .token_chain import TokenChain as TokenChain
from .length_trap import LengthTrap as LengthTrap
from .verifier import Verifier as Verifier
from .multi_task import MultiTask as MultiTask
from .multi_task import Source as Source
from .multi_task import Task as Task
from .recorded import RecordedEnvironment as RecordedEnvironment
