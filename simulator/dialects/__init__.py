"""Dialects: the option names and defaults of the trainers that people use, each a point of the product.

`[method] dialect = "trl"` makes the other keys of the table those of that trainer, with the defaults that its released
version has. `name` is a method as its users call it: a few options set. A dialect is one file like its peers here, and
one line below.
"""

from ..parts import Family
from .openrlhf import OpenRLHF
from .torchrl import TorchRL
from .trl import TRL
from .verl import Verl

DIALECTS = Family("dialect", "dialect", [TRL, Verl, OpenRLHF, TorchRL])

__all__ = ["DIALECTS", "OpenRLHF", "TRL", "TorchRL", "Verl"]
